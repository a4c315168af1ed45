"""Where the pages stand: their address, the hosts they answer, the proxies before them, and the sign-in provider."""

import os
import re
from dataclasses import dataclass, field
from ipaddress import ip_address, ip_network
from pathlib import Path
from urllib.parse import SplitResult, urlsplit

from ringsight.cases.users import Role
from ringsight.errors import SettingsError

SECRET = "RINGSIGHT_OIDC_SECRET"  # noqa: S105 - the name of a variable
"""Environment variable with the client's secret."""
SERVICE_KEY = "RINGSIGHT_SERVICE_KEY"
"""Environment variable with the API key that the service is asked by."""
THIS_MACHINE = ("localhost", "127.0.0.1", "[::1]")
"""Hosts by which a browser reaches the machine that it runs on."""
HOST = re.compile(r"(\[[0-9a-f:.]+\]|[a-z0-9._-]+)(?::[0-9]{1,5})?")
"""What a `Host` header says: a name, an IPv4 address or an IPv6 address in brackets, and perhaps a port."""
DEFAULT_PORTS = {"http": ":80", "https": ":443"}
"""By scheme, the port that browsers leave out."""


@dataclass(kw_only=True, slots=True)
class OidcSettings:
    """An OpenID Connect provider by which people sign in; off while `issuer` is empty.

    The client's secret is never a setting: it is in the environment variable `RINGSIGHT_OIDC_SECRET`, or in a file.
    """

    issuer: str = ""
    """The provider's issuer, as its own configuration names it; https, unless it is on this machine."""
    client_id: str = ""
    """The id of these pages at the provider."""
    secret_file: Path | None = None
    """File with the client's secret, read if the environment has none. A public client has no secret."""
    scope: str = "openid profile"
    """Scopes that are asked of the provider; `openid` must be among them."""
    name_claim: str = "preferred_username"
    """Claim of the ID token with the name that the audit trail shows."""
    role_claim: str = "roles"
    """Claim of the ID token with a person's roles; a dot leads into a nested claim, as in `realm_access.roles`."""
    roles: dict[str, Role] = field(default_factory=dict)
    """Value of that claim -> role here; if empty, the values are the roles' own names. A person must have exactly one
    role to sign in."""

    def __post_init__(self) -> None:
        """Refuse a provider that cannot be used safely.

        Raises:
            SettingsError: naming the setting, what was given and what is needed.
        """
        if not self.issuer:
            return
        issuer = urlsplit(self.issuer)
        if not private(issuer) or issuer.query or issuer.fragment:
            raise SettingsError(f"site.oidc.issuer must be an https address (got {self.issuer!r})")
        if not self.client_id:
            raise SettingsError("site.oidc.client_id must not be empty if site.oidc.issuer is set")
        if "openid" not in self.scope.split():
            raise SettingsError(f"site.oidc.scope must contain `openid` (got {self.scope!r})")

    def secret(self) -> str:
        """The client's secret, from the environment or the file; empty if there is none.

        Raises:
            SettingsError: if the file cannot be read, or is empty.
        """
        if self.secret_file is None or os.environ.get(SECRET):
            return os.environ.get(SECRET, "")
        return _secret_in(self.secret_file, "site.oidc.secret_file", SECRET)


@dataclass(kw_only=True, slots=True)
class ServiceSettings:
    """The service whose ring events the pages show; none while `address` is empty.

    The key is never a setting: it is in the environment variable `RINGSIGHT_SERVICE_KEY`, or in a file.
    """

    address: str = ""
    """Address of `ringsight serve`, as these pages reach it: `http://127.0.0.1:8090`; by https where the network
    between is not the bank's own, for the key travels along."""
    key_file: Path | None = None
    """File with an API key of the scope `read`, read if the environment has none."""

    def __post_init__(self) -> None:
        """Refuse what is no address.

        Raises:
            SettingsError: naming the setting.
        """
        address = urlsplit(self.address)
        if self.address and not (address.scheme in ("http", "https") and address.hostname):
            raise SettingsError(f"site.service.address must be like http://127.0.0.1:8090 (got {self.address!r})")

    def key(self) -> str:
        """The API key, from the environment or the file.

        Raises:
            SettingsError: if there is none, or the file cannot be read.
        """
        given = os.environ.get(SERVICE_KEY, "")
        if not given and self.key_file:
            given = _secret_in(self.key_file, "site.service.key_file", SERVICE_KEY)
        if not given:
            remedy = "`ringsight keys add name=review scopes=[read]` makes one"
            raise SettingsError(f"there is no key in {SERVICE_KEY} to ask the service by", remedy=remedy)
        return given


@dataclass(kw_only=True, slots=True)
class SiteSettings:
    """Where the pages stand."""

    address: str = ""
    """Address at which browsers reach the pages, if a proxy stands before them: `https://review.bank.example`. With
    https, cookies travel by TLS alone, and browsers are told to use nothing else."""
    hosts: list[str] = field(default_factory=list)
    """Further hosts that are answered, without a port: `[review, 10.0.0.5]`. That of `address` always is, as are this
    machine's own names (`localhost`, `127.0.0.1`, `[::1]`) and the address that the server listens at. A request to any
    other host is refused."""
    proxies: list[str] = field(default_factory=list)
    """IP addresses or networks of the proxies whose `X-Forwarded-For` and `X-Forwarded-Proto` are believed."""
    photographs: list[Role] = field(default_factory=lambda: [Role.analyst, Role.lead, Role.auditor])
    """Roles that may see photographs of a case's members; the others see all the rest of a case."""
    local_sign_in: bool = True
    """Whether people can sign in with a password that is kept here."""
    oidc: OidcSettings = field(default_factory=OidcSettings)
    """The provider by which people sign in."""
    service: ServiceSettings = field(default_factory=ServiceSettings)
    """The service whose ring events are shown."""

    def __post_init__(self) -> None:
        """Refuse a malformed address, host or proxy, and pages that nobody can sign in to.

        Raises:
            SettingsError: naming the setting, what was given and what is needed.
        """
        address = urlsplit(self.address)
        bare = address.path in ("", "/") and not (address.query or address.fragment or address.username)
        if self.address and not (address.scheme in ("http", "https") and self.host and bare):
            raise SettingsError(f"site.address must be like https://review.bank.example (got {self.address!r})")
        for host in self.hosts:
            if not host or host_of(host) != host.lower():
                raise SettingsError(
                    f"site.hosts must be names or IP addresses, without a scheme or a port (got {host!r})",
                    remedy="write review.bank.example, 10.0.0.5 or [fd00::5]",
                )
        for proxy in self.proxies:
            try:
                ip_network(proxy)
            except ValueError as error:
                raise SettingsError(f"site.proxies must be IP addresses or networks (got {proxy!r})") from error
        if self.oidc.issuer and not private(address):
            raise SettingsError(
                f"site.address must be https for sign-in by a provider (got {self.address!r})",
                remedy="name the address at which browsers reach the pages, as registered with the provider",
            )
        if not (self.local_sign_in or self.oidc.issuer):
            raise SettingsError(
                "nobody could sign in", remedy="name a provider as site.oidc.issuer, or leave site.local_sign_in on"
            )

    @property
    def secure(self) -> bool:
        """Whether browsers use TLS."""
        return self.address.startswith("https:")

    @property
    def root(self) -> str:
        """The address without a slash at its end."""
        return self.address.rstrip("/")

    @property
    def host(self) -> str:
        """The host of the address, without its port; empty where no address is set."""
        return host_of(urlsplit(self.address).netloc)

    @property
    def origin(self) -> str:
        """The address as a browser writes it in an `Origin` header; there must be one."""
        address = urlsplit(self.address)
        return origin_of(address.scheme, address.netloc)

    def answered(self, listening: str = "") -> frozenset[str]:
        """The hosts that are answered, as `host_of` writes them.

        Args:
            listening: the address that the server listens at. All addresses at once (`0.0.0.0`, `::`) are no host.
        """
        hosts = (self.host, *self.hosts, *THIS_MACHINE, _concrete(listening))
        return frozenset(host.lower() for host in hosts if host)


def host_of(authority: str) -> str:
    """The host of `host` or `host:port`, in small letters and without the port; empty where it is neither."""
    found = HOST.fullmatch(authority.lower())
    return found[1] if found else ""


def origin_of(scheme: str, authority: str) -> str:
    """An origin as browsers write it (RFC 6454): in small letters, without the scheme's own port."""
    return f"{scheme}://{authority.lower()}".removesuffix(DEFAULT_PORTS[scheme])


def _secret_in(file: Path, setting: str, variable: str) -> str:
    try:
        secret = file.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(
            "the secret cannot be read", where=str(file), remedy=f"name another {setting}, or set {variable}"
        ) from error
    if not secret:
        raise SettingsError("the secret is empty", where=str(file))
    return secret


def _concrete(listening: str) -> str:
    """The host of an address to listen at; empty where that is all addresses."""
    try:
        address = ip_address(listening)
    except ValueError:
        return listening
    if address.is_unspecified:
        return ""
    return f"[{address}]" if address.version == 6 else str(address)


def private(address: SplitResult) -> bool:
    """Whether nobody on the way can read or change what is sent to an address: https, or an address of this machine."""
    if address.scheme == "https":
        return bool(address.hostname)
    try:
        return address.scheme == "http" and ip_address(address.hostname or "").is_loopback
    except ValueError:
        return address.scheme == "http" and address.hostname == "localhost"
