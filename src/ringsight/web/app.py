"""The application: its routes, what every answer carries, and what an error looks like."""

import json
from collections.abc import Awaitable, Callable
from pathlib import Path

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import PlainTextResponse, RedirectResponse
from fastapi.staticfiles import StaticFiles
from pydantic import ValidationError
from sqlalchemy.exc import DataError as UnfitForDatabase
from starlette.exceptions import HTTPException

from ringsight.cases.casebook import CaseBook
from ringsight.cases.errors import ClaimedError, ForbiddenError, StaleError
from ringsight.errors import RingsightError
from ringsight.web import admin_pages, case_pages, case_steps, live_pages, queue_pages, records_pages, signing_in
from ringsight.web.app_state import AppState, SignedOutError, app_state, page
from ringsight.web.provider import Provider
from ringsight.web.request_guard import refusal
from ringsight.web.reviewed_runs import NotReadyError
from ringsight.web.ring_events import RingEvents
from ringsight.web.settings import SiteSettings
from ringsight.web.templates import environment

HEADERS = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
}
ONLY_TLS = "max-age=31536000"
"""For a year, browsers use TLS and nothing else."""
STATIC = Path(__file__).parent / "static"


def create_app(book: CaseBook, site: SiteSettings | None = None, listening: str = "") -> FastAPI:
    """The pages over a case book.

    Args:
        book: an open case book, which stays open.
        site: where the pages stand; by default on this machine alone, without a provider.
        listening: the address that the server listens at.

    Raises:
        SettingsError: if the secret of the provider's client, or the service's key, cannot be read.
    """
    app = FastAPI(title="ringsight", docs_url=None, redoc_url=None, openapi_url=None)
    site = site or SiteSettings()
    provider = Provider(site) if site.oidc.issuer else None
    app.state.shared = AppState(book, site, site.answered(listening), provider, ring_events=RingEvents.of(site.service))
    for pages in (signing_in, queue_pages, case_pages, case_steps, records_pages, admin_pages, live_pages):
        app.include_router(pages.ROUTES)
    app.add_api_route("/healthz", _healthy, methods=["GET"])
    app.add_api_route("/review.css", _style, methods=["GET"])
    app.mount("/static", StaticFiles(directory=STATIC), name="static")
    app.middleware("http")(_guarded)
    app.add_exception_handler(SignedOutError, _signed_out)
    app.add_exception_handler(RingsightError, _refused)
    for malformed in (RequestValidationError, ValidationError, UnfitForDatabase):
        app.add_exception_handler(malformed, _malformed)
    app.add_exception_handler(HTTPException, _http)
    return app


def _healthy(request: Request) -> PlainTextResponse:
    """Whether the case book answers."""
    request.app.state.shared.book.workload.overview()
    return PlainTextResponse("ok\n")


def _style() -> Response:
    style = environment().get_template("review.css").render()
    return Response(style, media_type="text/css", headers={"Cache-Control": "max-age=300"})


async def _guarded(request: Request, answer: Callable[[Request], Awaitable[Response]]) -> Response:
    """Answer or refuse, with the headers that every answer has."""
    app = app_state(request)
    response = refusal(request, app.site, app.hosts) or await answer(request)
    for name, value in HEADERS.items():
        response.headers.setdefault(name, value)
    if app.site.secure:
        response.headers["Strict-Transport-Security"] = ONLY_TLS
    if not request.url.path.startswith(("/static/", "/review.css")):
        response.headers.setdefault("Cache-Control", "no-store")
    return response


async def _signed_out(request: Request, _: Exception) -> Response:
    """Ask to sign in, and keep what was entered."""
    if request.method == "GET":
        asked = request.url.path + (f"?{request.url.query}" if request.url.query else "")
        return page(request, "sign_in.html", None, 401, after=asked, draft="", message="", remedy="")
    form = await request.form()
    kept = [(name, value) for name, value in form.multi_items() if isinstance(value, str)]
    after = case_pages.case_path(request.url.path)
    message = "Your session has ended. Sign in to go on; what you entered is kept."
    return page(request, "sign_in.html", None, 401, after=after, draft=json.dumps(kept), message=message, remedy="")


async def _refused(request: Request, error: Exception) -> Response:
    assert isinstance(error, RingsightError)  # noqa: S101 - by which it is registered
    match error:
        case ForbiddenError():
            status = 403
        case ClaimedError() | StaleError():
            status = 409
        case NotReadyError():
            status = 503
        case _:
            status = 400
    return page(request, "refused.html", None, status, what=error.what, remedy=error.remedy)


async def _malformed(request: Request, _: Exception) -> Response:
    return page(
        request,
        "refused.html",
        None,
        422,
        what="This address or this form cannot be read.",
        remedy="go back and try again",
    )


async def _http(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)  # noqa: S101 - by which it is registered
    if error.status_code < 400:
        return RedirectResponse((error.headers or {})["Location"], error.status_code)
    return page(request, "refused.html", None, error.status_code, what=str(error.detail), remedy="")
