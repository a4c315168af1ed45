"""Signing in and out, by a password or a provider. What was entered before a session ended is drawn again after it."""

import hmac
from typing import Annotated

from fastapi import APIRouter, Form, Query, Request
from fastapi.responses import RedirectResponse, Response

from ringsight.cases.errors import SignInRefused
from ringsight.cases.federation import UnderWay
from ringsight.cases.users import Right
from ringsight.web import case_pages
from ringsight.web.app_state import COOKIE, Actor, Desk, Here, page
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
    here: Here,
    name: Annotated[str, Form(max_length=64)] = "",
    password: Annotated[str, Form(max_length=2000)] = "",
    after: After = "/",
    draft: Entered = "",
) -> Response:
    """Begin a session by a password."""
    try:
        if not here.site.local_sign_in:
            raise SignInRefused("no password is taken here", remedy="sign in by the provider")
        token = here.book.accounts.sign_in(name, password, _address(request))
    except SignInRefused as error:
        return _again(request, error, after, draft)
    return _begun(request, here, token, after, draft)


@ROUTES.post("/sign-in/elsewhere")
def depart(request: Request, here: Here, after: After = "/", draft: Entered = "") -> Response:
    """Lead to the provider."""
    try:
        departure = _provider(here).depart()
        under_way = UnderWay(departure.nonce, departure.verifier, inside(after), draft)
        here.book.federation.begin(departure.state, under_way, _address(request))
    except SignInRefused as error:
        return _again(request, error, after, draft)
    response = page(request, "elsewhere.html", None, address=departure.address)
    response.set_cookie(
        STATE, departure.state, max_age=600, httponly=True, samesite="lax", secure=_secure(request, here), path=CALLBACK
    )
    return response


@ROUTES.get(CALLBACK)
def arrive(request: Request, here: Here, state: Answered = "", code: Answered = "", error: Answered = "") -> Response:
    """Begin a session by the provider's answer: the same browser, once, and an ID token that holds."""
    after, draft = "/", ""
    try:
        provider = _provider(here)
        if not state or not hmac.compare_digest(state.encode(), request.cookies.get(STATE, "").encode()):
            raise SignInRefused("this sign-in was not begun in this browser", remedy="sign in anew")
        under_way = here.book.federation.resume(state)
        after, draft = under_way.after, under_way.draft
        if error or not code:
            raise SignInRefused(f"the provider says no: {error[:100] or 'no code'}", remedy="sign in anew")
        person = provider.arrive(code, under_way.nonce, under_way.verifier)
        token = here.book.federation.sign_in(person, _address(request))
    except SignInRefused as refused:
        here.book.federation.refused(_address(request), refused.what)
        response = _again(request, refused, after, draft)
    else:
        response = _begun(request, here, token, after, draft)
    response.delete_cookie(STATE, path=CALLBACK)
    return response


@ROUTES.post("/sign-out")
def sign_out(request: Request, here: Here, _: Actor) -> Response:
    """End the session, here and at the provider."""
    here.book.sessions.end(request.cookies.get(COOKIE, ""))
    if here.provider:
        response: Response = page(request, "elsewhere.html", None, address=here.provider.farewell())
    else:
        response = RedirectResponse("/sign-in", 303)
    response.delete_cookie(COOKIE, path="/")
    return response


def _begun(request: Request, here: Desk, token: str, after: str, draft: str) -> Response:
    """Go on where somebody was about to go, with what was entered there."""
    case_id = case_pages.case_of(after)
    response: Response = RedirectResponse(inside(after), 303)
    user = here.book.sessions.user_of(token)
    if draft and case_id and user is not None and user.may(Right.see):
        request.cookies[COOKIE] = token
        kept = case_pages.Draft.read(draft)
        response = case_pages.case_page(request, user, case_id, case_pages.Shown("Nothing was sent yet.", kept))
    response.set_cookie(COOKIE, token, httponly=True, samesite="lax", secure=_secure(request, here), path="/")
    return response


def _again(request: Request, refused: SignInRefused, after: str, draft: str) -> Response:
    shown = {"after": inside(after), "draft": draft, "message": refused.what, "remedy": refused.remedy}
    return page(request, "sign_in.html", None, 401, **shown)


def _provider(here: Desk) -> Provider:
    if here.provider is None:
        raise SignInRefused("there is no provider to sign in by", remedy="sign in with a password")
    return here.provider


def _secure(request: Request, here: Desk) -> bool:
    return here.site.secure or request.url.scheme == "https"


def _address(request: Request) -> str:
    return request.client.host if request.client else "unknown"
