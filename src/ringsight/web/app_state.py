"""What every page stands on: the case book, the runs, who is signed in, and how a page is drawn."""

import hashlib
import hmac
from dataclasses import dataclass, field
from typing import Annotated, Any

from fastapi import Depends, Form, Request
from fastapi.responses import HTMLResponse

from ringsight.cases.casebook import CaseBook
from ringsight.cases.errors import ForbiddenError
from ringsight.cases.users import Right, User
from ringsight.web.provider import Provider
from ringsight.web.runs import Runs
from ringsight.web.settings import SiteSettings
from ringsight.web.templates import environment

COOKIE = "ringsight_session"


class SignedOutError(Exception):
    """Nobody is signed in, or the session has ended."""


@dataclass(frozen=True, slots=True)
class AppState:
    """The application's state."""

    book: CaseBook
    site: SiteSettings = field(default_factory=SiteSettings)
    provider: Provider | None = None
    """By which people sign in; None where by passwords alone."""
    runs: Runs = field(default_factory=Runs)


def app_state(request: Request) -> AppState:
    """The desk of the application."""
    app: AppState = request.app.state.shared
    return app


def signed_in(request: Request) -> User:
    """Who asks.

    Raises:
        SignedOutError: if nobody is signed in.
    """
    user = app_state(request).book.sessions.user_of(request.cookies.get(COOKIE, ""))
    if user is None:
        raise SignedOutError
    return user


def form_seal(token: str) -> str:
    """What every form of a session carries, and no other site can know."""
    return hashlib.sha256(f"form\n{token}".encode()).hexdigest()


def acting(
    request: Request, user: Annotated[User, Depends(signed_in)], seal: Annotated[str, Form(max_length=64)] = ""
) -> User:
    """Who sends a form that this application drew in the same session.

    Raises:
        SignedOutError: if nobody is signed in.
        ForbiddenError: if the form is of another site or another session.
    """
    if not hmac.compare_digest(seal.encode(), form_seal(request.cookies.get(COOKIE, "")).encode()):
        raise ForbiddenError("this form was not drawn in this session", remedy="load the page anew and send it again")
    return user


App = Annotated[AppState, Depends(app_state)]
Reader = Annotated[User, Depends(signed_in)]
Actor = Annotated[User, Depends(acting)]


def page(request: Request, template: str, user: User | None, status: int = 200, /, **shown: Any) -> HTMLResponse:  # noqa: ANN401 - whatever the template shows
    """Draw a page or a part of one."""
    text = (
        environment()
        .get_template(template)
        .render(
            user=user,
            rights={right: user is not None and user.may(right) for right in Right},
            seal=form_seal(request.cookies.get(COOKIE, "")),
            path=request.url.path,
            site=app_state(request).site,
            **shown,
        )
    )
    return HTMLResponse(text, status)
