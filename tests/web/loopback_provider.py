"""A small OpenID Connect provider on a free loopback port, with RSA keys of its own, that can be told to lie."""

import base64
import hashlib
import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any
from urllib.parse import parse_qs, urlsplit

from joserfc import jwt
from joserfc.jwk import OctKey, RSAKey

CLIENT, SECRET = "review", "a client's secret"
KEY, STRANGE_KEY = (RSAKey.generate_key(2048, {"kid": name}) for name in ("first", "strange"))


@dataclass
class Loopback:
    """What the provider says; a test changes what it likes."""

    issuer: str = ""
    claims: dict[str, Any] = field(default_factory=lambda: {"preferred_username": "Olga", "roles": ["analyst"]})
    key: RSAKey | OctKey = field(default_factory=lambda: KEY)
    published: list[RSAKey | OctKey] = field(default_factory=lambda: [KEY])
    header: dict[str, Any] = field(default_factory=dict)
    configuration: dict[str, Any] = field(default_factory=dict)
    codes: dict[str, dict[str, str]] = field(default_factory=dict)
    """Code -> what the browser asked with."""
    exchanged: list[dict[str, str]] = field(default_factory=list)

    def authorise(self, address: str) -> tuple[str, str]:
        """What a browser brings back after the person has signed in there: code and state."""
        asked = {name: values[0] for name, values in parse_qs(urlsplit(address).query).items()}
        code = f"code{len(self.codes)}"
        self.codes[code] = asked
        return code, asked["state"]

    def id_token(self, nonce: str) -> str:
        now = int(time.time())
        claims = {"iss": self.issuer, "aud": CLIENT, "sub": "s-1", "iat": now, "exp": now + 300, "nonce": nonce}
        header = {"alg": "RS256", "kid": self.key.kid} | self.header
        whole = {name: value for name, value in (claims | self.claims).items() if value is not None}
        if header["alg"] == "none":
            return ".".join(_plain(json.dumps(part).encode()) for part in (header, whole)) + "."
        return jwt.encode(header, whole, self.key)

    def token(self, form: dict[str, str], basic: str) -> dict[str, Any] | None:
        """The answer to a code; None where it is refused. Each code is good for once, and for its verifier."""
        self.exchanged.append(form)
        asked = self.codes.pop(form.get("code", ""), {"code_challenge": ""})
        proof = _plain(hashlib.sha256(form.get("code_verifier", "").encode()).digest())
        if basic != CREDENTIALS or proof != asked["code_challenge"] or form["redirect_uri"] != asked["redirect_uri"]:
            return None
        return {"access_token": "unused", "token_type": "Bearer", "id_token": self.id_token(asked["nonce"])}


CREDENTIALS = base64.b64encode(f"{CLIENT}:{SECRET}".encode()).decode()


def _plain(octets: bytes) -> str:
    return base64.urlsafe_b64encode(octets).rstrip(b"=").decode()


@contextmanager
def loopback() -> Iterator[Loopback]:
    """The provider, for as long as the block lasts."""
    said = Loopback()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            match self.path:
                case "/.well-known/openid-configuration":
                    ends = {"authorization_endpoint": "authorise", "token_endpoint": "token", "jwks_uri": "keys"}
                    ends |= {"end_session_endpoint": "leave"}
                    found = {"issuer": said.issuer} | {name: f"{said.issuer}/{end}" for name, end in ends.items()}
                    self.answer(found | said.configuration)
                case "/keys":
                    self.answer({"keys": [key.as_dict(private=False) for key in said.published]})
                case _:
                    self.answer({}, 404)

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"])).decode()
            form = {name: values[0] for name, values in parse_qs(body).items()}
            tokens = said.token(form, self.headers.get("authorization", "").removeprefix("Basic "))
            self.answer(tokens or {"error": "invalid_grant"}, 200 if tokens else 400)

        def answer(self, said: object, status: int = 200) -> None:
            text = json.dumps(said).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(text)))
            self.end_headers()
            self.wfile.write(text)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    said.issuer = f"http://127.0.0.1:{server.server_port}"
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield said
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
