"""Which requests are answered: those to a host of ours, and of the forms those that our own pages send.

The check of the host stops DNS rebinding: a site that makes its own name lead to this server still has that name in
the `Host` header. The check of forms stops other sites from sending forms in the name of whoever is signed in here. It
is that of `net/http.CrossOriginProtection` in Go 1.25. Every browser of the last years sends `Sec-Fetch-Site` or
`Origin` with a form; a request with neither is no browser's, carries no cookie that another site could use, and passes.
"""

from collections.abc import Set as AbstractSet

from fastapi import Request
from fastapi.responses import PlainTextResponse

from ringsight.web.settings import SiteSettings, host_of, origin_of

LONGEST_FORM = 2_000_000
"""Bytes of a form; a longer one is refused unread."""


def refusal(request: Request, site: SiteSettings, hosts: AbstractSet[str]) -> PlainTextResponse | None:
    """The answer to a request that is refused; None where it may go on.

    Args:
        request: as it came in. `X-Forwarded-Host` is not read, whoever sends it: a proxy must pass `Host` on.
        site: where the pages stand.
        hosts: that are answered, as `SiteSettings.answered` gives them.
    """
    if host_of(request.headers.get("host", "")) not in hosts:
        return PlainTextResponse("This host is not answered. Name it in site.hosts, or in site.address.\n", 421)
    if request.method in ("GET", "HEAD"):
        return None
    if not _sent_by_our_pages(request, site):
        return PlainTextResponse("Forms of other sites are refused.\n", 403)
    size = request.headers.get("content-length", "")
    if not size.isdigit() or int(size) > LONGEST_FORM:
        return PlainTextResponse("This form is too long.\n", 413)
    return None


def _sent_by_our_pages(request: Request, site: SiteSettings) -> bool:
    fetch_site, origin = request.headers.get("sec-fetch-site"), request.headers.get("origin")
    if fetch_site is not None:
        return fetch_site in ("same-origin", "none")
    return origin is None or origin in _own_origins(request, site)


def _own_origins(request: Request, site: SiteSettings) -> AbstractSet[str]:
    """Origins of our pages, as a browser writes them.

    At the host of `site.address` that address alone counts: behind a proxy with TLS the scheme that is seen here is
    not the browser's.
    """
    host = request.headers["host"]
    if not site.address:
        return {origin_of(request.url.scheme, host)}
    if host_of(host) == site.host:
        return {site.origin}
    return {site.origin, origin_of(request.url.scheme, host)}
