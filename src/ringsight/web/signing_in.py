"""Signing in and out, by a password or a provider. What was entered before a session ended is drawn again after it."""

import hmac
from typing import Annotated

from fastapi import APIRouter, Form, Query, Request
from fastapi.responses import RedirectResponse, Response

from ringsight.cases.errors import SignInError
from ringsight.cases.federation import UnderWay
from ringsight.cases.users import Right
from ringsight.web import case_pages
from ringsight.web.app_state import COOKIE, App, AppState, SignedIn, page
from ringsight.web.provider import CALLBACK, Provider

ROUTES = APIRouter()
STATE = "ringsight_sign_in"
"""Cookie that ties a sign-in under way to the browser that began it."""
After = Annotated[str, Form(max_length=2000)]
Entered = Annotated[str, Form()]
Answered = Annotated[str, Query(max_length=5000)]


def inside(after: str) -> str:
    """An address within this application; the queue where it is another."""
    plain = after.startswith("/") and not after.startswith("//") and "\\" not in after and after.isprintable()
    return after if plain else "/"


@ROUTES.get("/sign-in")
def ask(request: Request) -> Response:
    """The way in."""
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
            raise SignInError("no password is taken here", remedy="sign in by the provider")
        token = app.book.accounts.sign_in(name, password, _address(request))
    except SignInError as error:
        return _again(request, error, after, draft)
    return _begun(request, app, token, after, draft)


@ROUTES.post("/sign-in/elsewhere")
def depart(request: Request, app: App, after: After = "/", draft: Entered = "") -> Response:
    """Lead to the provider."""
    try:
        departure = _provider(app).depart()
        under_way = UnderWay(departure.nonce, departure.verifier, inside(after), draft)
        app.book.federation.begin(departure.state, under_way, _address(request))
    except SignInError as error:
        return _again(request, error, after, draft)
    response = page(request, "elsewhere.html", None, address=departure.address)
    response.set_cookie(
        STATE,
        departure.state,
        max_age=600,
        httponly=True,
        samesite="lax",
        secure=_secure(request, app),
        path=CALLBACK,
    )
    return response


@ROUTES.get(CALLBACK)
def arrive(request: Request, app: App, state: Answered = "", code: Answered = "", error: Answered = "") -> Response:
    """Begin a session by the provider's answer: the same browser, once, and an ID token that holds."""
    after, draft = "/", ""
    try:
        provider = _provider(app)
        if not state or not hmac.compare_digest(state.encode(), request.cookies.get(STATE, "").encode()):
            raise SignInError("this sign-in was not begun in this browser", remedy="sign in anew")
        under_way = app.book.federation.resume(state)
        after, draft = under_way.after, under_way.draft
        if error or not code:
            raise SignInError(f"the provider says no: {error[:100] or 'no code'}", remedy="sign in anew")
        person = provider.arrive(code, under_way.nonce, under_way.verifier)
        token = app.book.federation.sign_in(person, _address(request))
    except SignInError as refused:
        app.book.federation.refused(_address(request), refused.what)
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
        response: Response = page(request, "elsewhere.html", None, address=app.provider.farewell())
    else:
        response = RedirectResponse("/sign-in", 303)
    response.delete_cookie(COOKIE, path="/")
    return response


def _begun(request: Request, app: AppState, token: str, after: str, draft: str) -> Response:
    """Go on where somebody was about to go, with what was entered there."""
    case_id = case_pages.case_of(after)
    response: Response = RedirectResponse(inside(after), 303)
    user = app.book.sessions.user_of(token)
    if draft and case_id and user is not None and user.may(Right.see):
        request.cookies[COOKIE] = token
        kept = case_pages.Draft.read(draft)
        response = case_pages.case_page(request, user, case_id, case_pages.Shown("Nothing was sent yet.", kept))
    response.set_cookie(COOKIE, token, httponly=True, samesite="lax", secure=_secure(request, app), path="/")
    return response


def _again(request: Request, refused: SignInError, after: str, draft: str) -> Response:
    shown = {"after": inside(after), "draft": draft, "message": refused.what, "remedy": refused.remedy}
    return page(request, "sign_in.html", None, 401, **shown)


def _provider(app: AppState) -> Provider:
    if app.provider is None:
        raise SignInError("there is no provider to sign in by", remedy="sign in with a password")
    return app.provider


def _secure(request: Request, app: AppState) -> bool:
    return app.site.secure or request.url.scheme == "https"


def _address(request: Request) -> str:
    return request.client.host if request.client else "unknown"
