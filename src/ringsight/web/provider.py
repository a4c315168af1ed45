"""Signing in by an OpenID Connect provider: the authorization code flow with PKCE, and the ID token verified.

OpenID Connect Core 1.0, sections 3.1.2 and 3.1.3.7; PKCE as in RFC 7636; signing out as in RP-Initiated Logout 1.0.
The provider's configuration and keys are fetched at each sign-in, so that a changed key is known at once. No token is
kept or written anywhere.
"""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode, urlsplit

from authlib.integrations.base_client import OAuthError
from authlib.integrations.requests_client import OAuth2Session
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from ringsight.cases.errors import SignInError
from ringsight.cases.federation import Person
from ringsight.cases.users import Role
from ringsight.web.settings import OidcSettings, SiteSettings, private

CALLBACK = "/sign-in/back"
"""Where the provider sends the browser back to; this address is registered there."""
ALGORITHMS = ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "Ed25519", "EdDSA"]
"""Signatures that are accepted: made with a private key that the provider alone has."""
LEEWAY = 60
"""Seconds by which two clocks may differ."""
PATIENCE = 10
"""Seconds to wait for the provider."""


@dataclass(frozen=True, slots=True)
class AuthorizationRequest:
    """The beginning of a sign-in: the address that the browser goes to, and what must come back."""

    address: str
    state: str
    nonce: str
    verifier: str


class Provider:
    """The provider of one site. Every method raises `SignInError` if it does not answer, or answers wrongly."""

    def __init__(self, site: SiteSettings) -> None:
        """Use the provider that the settings name.

        Raises:
            SettingsError: if the client's secret cannot be read.
        """
        self._settings = site.oidc
        self._secret = site.oidc.secret()
        self._home = site.root

    def begin(self) -> AuthorizationRequest:
        """Begin a sign-in."""
        state, nonce, verifier = (secrets.token_urlsafe(48) for _ in range(3))
        found = self._configuration()
        with self._client(found) as client:
            address, _ = client.create_authorization_url(
                _endpoint(found, "authorization_endpoint"), state=state, nonce=nonce, code_verifier=verifier
            )
        return AuthorizationRequest(str(address), state, nonce, verifier)

    def complete(self, code: str, nonce: str, verifier: str) -> Person:
        """The person who has signed in: the code is exchanged for an ID token, and that token is verified."""
        found = self._configuration()
        with self._client(found) as client:
            try:
                tokens = client.fetch_token(
                    _endpoint(found, "token_endpoint"), code=code, code_verifier=verifier, allow_redirects=False
                )
            except (OAuthError, OSError, ValueError) as error:
                raise _unusable("it refused the code") from error
        keys = self._fetch(_endpoint(found, "jwks_uri"))
        return person(verified(str(tokens.get("id_token", "")), keys, self._settings, nonce), self._settings)

    def sign_out_address(self) -> str:
        """Address that ends the session at the provider; the sign-in page if the provider has none."""
        home = f"{self._home}/sign-in"
        try:
            found = self._configuration()
            leave = _endpoint(found, "end_session_endpoint") if found.get("end_session_endpoint") else ""
        except SignInError:
            leave = ""
        asked = urlencode({"client_id": self._settings.client_id, "post_logout_redirect_uri": home})
        return f"{leave}{'&' if urlsplit(leave).query else '?'}{asked}" if leave else home

    def _configuration(self) -> Mapping[str, Any]:
        """The provider's configuration (OpenID Connect Discovery 1.0)."""
        found = self._fetch(f"{self._settings.issuer.rstrip('/')}/.well-known/openid-configuration")
        if found.get("issuer") != self._settings.issuer:
            raise _unusable("its issuer is not site.oidc.issuer")
        return found

    def _fetch(self, address: str) -> Mapping[str, Any]:
        with OAuth2Session(default_timeout=PATIENCE) as client:
            try:
                answer = client.get(address, withhold_token=True, allow_redirects=False)
                found = answer.json() if answer.status_code == 200 else None
            except (OSError, ValueError) as error:
                raise _unusable("it does not answer") from error
        if not isinstance(found, dict):
            raise _unusable("its answer cannot be read")
        return found

    def _client(self, found: Mapping[str, Any]) -> OAuth2Session:
        known = found.get("token_endpoint_auth_methods_supported", ["client_secret_basic"])
        method = "client_secret_basic" if "client_secret_basic" in known else "client_secret_post"
        return OAuth2Session(
            self._settings.client_id,
            self._secret or None,
            token_endpoint_auth_method=method if self._secret else "none",
            scope=self._settings.scope,
            redirect_uri=f"{self._home}{CALLBACK}",
            code_challenge_method="S256",
            default_timeout=PATIENCE,
        )


def verified(token: str, keys: Mapping[str, Any], settings: OidcSettings, nonce: str) -> Mapping[str, Any]:
    """The claims of an ID token that the provider has signed for these pages and this sign-in, and that is still valid.

    Args:
        token: the ID token, a JWT in compact form.
        keys: the provider's JSON Web Key Set.
        settings: whose issuer and audience must be in the token.
        nonce: of the sign-in that was begun.

    Raises:
        SignInError: saying what is wrong with the token.
    """
    registry = jwt.JWTClaimsRegistry(
        leeway=LEEWAY,
        iss={"essential": True, "value": settings.issuer},
        aud={"essential": True, "value": settings.client_id},
        nonce={"essential": True, "value": nonce},
        sub={"essential": True},
        exp={"essential": True},
        iat={"essential": True},
    )
    try:
        found = jwt.decode(token, KeySet.import_key_set(dict(keys)), algorithms=ALGORITHMS)  # type: ignore[arg-type]
        registry.validate(found.claims)
    except (JoseError, ValueError, TypeError, KeyError) as error:
        raise _rejected(f"{type(error).__name__}: {error}") from error
    audience = found.claims["aud"]
    party = found.claims.get("azp", settings.client_id if audience == [settings.client_id] else audience)
    if party != settings.client_id:
        raise _rejected("it was issued to another party (azp)")
    return found.claims


def person(claims: Mapping[str, Any], settings: OidcSettings) -> Person:
    """The person whom the claims of a verified ID token are about.

    Raises:
        SignInError: if they give no name, no role, or more than one.
    """
    name = claims.get(settings.name_claim)
    if not isinstance(name, str) or not name:
        raise _rejected(f"it has no claim {settings.name_claim}")
    return Person(settings.issuer, str(claims["sub"]), name.lower(), _role(claims, settings))


def _role(claims: Mapping[str, Any], settings: OidcSettings) -> Role:
    given: Any = claims
    for key in settings.role_claim.split("."):
        given = given.get(key) if isinstance(given, Mapping) else None
    values = given.split() if isinstance(given, str) else given if isinstance(given, list) else []
    known = settings.roles or {role.value: role for role in Role}
    held = {known[value] for value in values if isinstance(value, str) and value in known}
    if len(held) != 1:
        which = " and ".join(sorted(held)) if held else "none"
        raise SignInError(
            f"you need exactly one role here, and have {which}",
            remedy="ask the people who manage accounts at the provider",
        )
    return held.pop()


def _endpoint(found: Mapping[str, Any], name: str) -> str:
    address = found.get(name)
    if not isinstance(address, str) or not private(urlsplit(address)):
        raise _unusable(f"its {name} is not an https address")
    return address


def _unusable(what: str) -> SignInError:
    return SignInError(f"the provider cannot be used: {what}", remedy="try again, or tell an admin")


def _rejected(what: str) -> SignInError:
    return SignInError(f"the provider's ID token was rejected: {what}", remedy="try again, or tell an admin")
