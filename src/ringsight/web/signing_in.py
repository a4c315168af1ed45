"""Signing in and out, by a password or a provider. What was entered before a session ended is kept."""

import hmac
from typing import Annotated

from fastapi import APIRouter, Form, Query, Request
from fastapi.responses import RedirectResponse, Response

from ringsight.cases.errors import SignInError
from ringsight.cases.federation import PendingSignIn
from ringsight.cases.users import Right
from ringsight.web import case_pages
from ringsight.web.app_state import COOKIE, App, AppState, SignedIn, page
from ringsight.web.provider import CALLBACK, Provider

ROUTES = APIRouter()
STATE = "ringsight_sign_in"
"""Cookie that ties a pending sign-in to the browser that began it."""
After = Annotated[str, Form(max_length=2000)]
Entered = Annotated[str, Form()]
Answered = Annotated[str, Query(max_length=5000)]


def inside(after: str) -> str:
    """An address within these pages; the queue if it is any other."""
    plain = after.startswith("/") and not after.startswith("//") and "\\" not in after and after.isprintable()
    return after if plain else "/"


@ROUTES.get("/sign-in")
def ask(request: Request) -> Response:
    """The page to sign in at."""
    return page(request, "sign_in.html", None, after="/", draft="", message="", remedy="")


@ROUTES.post("/sign-in")
def sign_in(
    request: Request,
    app: App,
    name: Annotated[str, Form(max_length=64)] = "",
    password: Annotated[str, Form(max_length=2000)] = "",
    after: After = "/",
    draft: Entered = "",
) -> Response:
    """Begin a session by a password."""
    try:
        if not app.site.local_sign_in:
            raise SignInError("passwords are switched off here", remedy="sign in with the provider")
        token = app.book.accounts.sign_in(name, password, _address(request))
    except SignInError as error:
        return _again(request, error, after, draft)
    return _begun(request, app, token, after, draft)


@ROUTES.post("/sign-in/provider")
def sign_in_by_provider(request: Request, app: App, after: After = "/", draft: Entered = "") -> Response:
    """Send the browser to the provider."""
    try:
        asked = _provider(app).begin()
        pending = PendingSignIn(asked.nonce, asked.verifier, inside(after), draft)
        app.book.federation.begin(asked.state, pending, _address(request))
    except SignInError as error:
        return _again(request, error, after, draft)
    response = page(request, "redirect.html", None, address=asked.address)
    response.set_cookie(
        STATE,
        asked.state,
        max_age=600,
        httponly=True,
        samesite="lax",
        secure=_secure(request, app),
        path=CALLBACK,
    )
    return response


@ROUTES.get(CALLBACK)
def come_back(request: Request, app: App, state: Answered = "", code: Answered = "", error: Answered = "") -> Response:
    """Begin a session by the provider's answer: in the same browser, once, with a valid ID token."""
    after, draft = "/", ""
    try:
        provider = _provider(app)
        if not state or not hmac.compare_digest(state.encode(), request.cookies.get(STATE, "").encode()):
            raise SignInError("this sign-in was not begun in this browser", remedy="sign in again")
        pending = app.book.federation.resume(state)
        after, draft = pending.after, pending.draft
        if error or not code:
            raise SignInError(f"the provider refused: {error[:100] or 'no code'}", remedy="sign in again")
        person = provider.complete(code, pending.nonce, pending.verifier)
        token = app.book.federation.sign_in(person, _address(request))
    except SignInError as refused:
        app.book.federation.record_failure(_address(request), refused.what)
        response = _again(request, refused, after, draft)
    else:
        response = _begun(request, app, token, after, draft)
    response.delete_cookie(STATE, path=CALLBACK)
    return response


@ROUTES.post("/sign-out")
def sign_out(request: Request, app: App, _: SignedIn) -> Response:
    """End the session, here and at the provider."""
    app.book.sessions.end(request.cookies.get(COOKIE, ""))
    if app.provider:
        response: Response = page(request, "redirect.html", None, address=app.provider.sign_out_address())
    else:
        response = RedirectResponse("/sign-in", 303)
    response.delete_cookie(COOKIE, path="/")
    return response


def _begun(request: Request, app: AppState, token: str, after: str, draft: str) -> Response:
    """Go on to the page that was asked for, with what was entered there."""
    case_id = case_pages.case_of(after)
    response: Response = RedirectResponse(inside(after), 303)
    user = app.book.sessions.user_of(token)
    if draft and case_id and user is not None and user.may(Right.see):
        shown = case_pages.Shown("Your decision was not sent yet.", case_pages.Draft.read(draft))
        response = case_pages.case_page(request, user, case_id, shown)
    response.set_cookie(COOKIE, token, httponly=True, samesite="lax", secure=_secure(request, app), path="/")
    return response


def _again(request: Request, refused: SignInError, after: str, draft: str) -> Response:
    shown = {"after": inside(after), "draft": draft, "message": refused.what, "remedy": refused.remedy}
    return page(request, "sign_in.html", None, 401, **shown)


def _provider(app: AppState) -> Provider:
    if app.provider is None:
        raise SignInError("no provider is set up here", remedy="sign in with a password")
    return app.provider


def _secure(request: Request, app: AppState) -> bool:
    return app.site.secure or request.url.scheme == "https"


def _address(request: Request) -> str:
    return request.client.host if request.client else "unknown"
