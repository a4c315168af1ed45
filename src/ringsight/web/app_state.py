"""What every page needs: the case book, the runs, the user who is signed in, and a way to draw the page."""

from dataclasses import dataclass, field
from typing import Annotated, Any

from fastapi import Depends, Request
from fastapi.responses import HTMLResponse

from ringsight.cases.casebook import CaseBook
from ringsight.cases.users import Right, User
from ringsight.web.provider import Provider
from ringsight.web.reviewed_runs import Runs
from ringsight.web.ring_events import RingEvents
from ringsight.web.settings import SiteSettings
from ringsight.web.templates import environment

COOKIE = "ringsight_session"


class SignedOutError(Exception):
    """Nobody is signed in, or the session has ended."""


@dataclass(frozen=True, slots=True)
class AppState:
    """The application's state."""

    book: CaseBook
    site: SiteSettings
    hosts: frozenset[str]
    """Hosts that are answered."""
    provider: Provider | None = None
    """The provider by which people sign in; None if there are passwords alone."""
    runs: Runs = field(default_factory=Runs)
    ring_events: RingEvents | None = None
    """What the service tells of rings by day; None where no service is named."""


def app_state(request: Request) -> AppState:
    """The state of the application that answers a request."""
    app: AppState = request.app.state.shared
    return app


def signed_in(request: Request) -> User:
    """The user who sent a request.

    Raises:
        SignedOutError: if nobody is signed in.
    """
    user = app_state(request).book.sessions.user_of(request.cookies.get(COOKIE, ""))
    if user is None:
        raise SignedOutError
    return user


def still_signed_in(request: Request) -> User:
    """The user whose page asks by itself, which keeps no session alive.

    Raises:
        SignedOutError: if nobody is signed in.
    """
    user = app_state(request).book.sessions.user_of(request.cookies.get(COOKIE, ""), prolong=False)
    if user is None:
        raise SignedOutError
    return user


App = Annotated[AppState, Depends(app_state)]
SignedIn = Annotated[User, Depends(signed_in)]
StillSignedIn = Annotated[User, Depends(still_signed_in)]


def page(request: Request, template: str, user: User | None, status: int = 200, /, **shown: Any) -> HTMLResponse:  # noqa: ANN401 - values of any template
    """Draw a page or a part of one."""
    text = (
        environment()
        .get_template(template)
        .render(
            user=user,
            rights={right: user is not None and user.may(right) for right in Right},
            path=request.url.path,
            site=app_state(request).site,
            **shown,
        )
    )
    return HTMLResponse(text, status)
