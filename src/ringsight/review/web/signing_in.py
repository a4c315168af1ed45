"""Signing in and out. What was entered before a session ended is drawn again after it."""

import json
from typing import Annotated

from fastapi import APIRouter, Form, Request
from fastapi.responses import RedirectResponse, Response

from ringsight.review.cases.refusals import SignInRefused
from ringsight.review.cases.users import Right
from ringsight.review.web import case_pages
from ringsight.review.web.desk import COOKIE, Actor, Here, page

ROUTES = APIRouter()


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
    after: Annotated[str, Form(max_length=2000)] = "/",
    draft: Annotated[str, Form()] = "",
) -> Response:
    """Begin a session."""
    address = request.client.host if request.client else "unknown"
    try:
        token = here.book.accounts.sign_in(name, password, address)
    except SignInRefused as error:
        shown = {"after": inside(after), "draft": draft, "message": error.what, "remedy": error.remedy}
        return page(request, "sign_in.html", None, 401, **shown)
    case_id = case_pages.case_of(after)
    response: Response = RedirectResponse(inside(after), 303)
    if draft and case_id:
        user = here.book.accounts.user_of(token)
        if user is not None and user.may(Right.see):
            request.cookies[COOKIE] = token
            kept = case_pages.Draft.of(json.loads(draft))
            response = case_pages.case_page(request, user, case_id, case_pages.Shown("Nothing was sent yet.", kept))
    response.set_cookie(COOKIE, token, httponly=True, samesite="lax", secure=request.url.scheme == "https", path="/")
    return response


@ROUTES.post("/sign-out")
def sign_out(request: Request, here: Here, _: Actor) -> Response:
    """End the session."""
    here.book.accounts.sign_out(request.cookies.get(COOKIE, ""))
    response = RedirectResponse("/sign-in", 303)
    response.delete_cookie(COOKIE, path="/")
    return response
