"""Who may do what: local accounts, their roles, sessions, and a limit on guessing."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from ringsight.review.cases.refusals import Forbidden


class Role(StrEnum):
    """What somebody is in the review."""

    analyst = "analyst"
    lead = "lead"
    auditor = "auditor"
    admin = "admin"


class Right(StrEnum):
    """What a role may or may not do."""

    see = "see"
    """Cases and their evidence."""
    decide = "decide"
    """Claim, decide, undo one's own, snooze, escalate, split, merge."""
    direct = "direct"
    """Work on what is escalated, release what others hold, undo what others decided, set the capacity."""
    inspect = "inspect"
    """The audit trail."""
    export = "export"
    """Decisions as files."""
    manage = "manage"
    """Accounts, and taking in a run."""
    erase = "erase"
    """Personal data, on request or at the end of its retention."""


RIGHTS: Mapping[Role, frozenset[Right]] = {
    Role.analyst: frozenset({Right.see, Right.decide}),
    Role.lead: frozenset({Right.see, Right.decide, Right.direct, Right.export}),
    Role.auditor: frozenset({Right.see, Right.inspect, Right.export}),
    Role.admin: frozenset({Right.manage, Right.erase}),
}


@dataclass(frozen=True, slots=True)
class User:
    """Somebody who has signed in."""

    name: str
    role: Role

    def may(self, right: Right) -> bool:
        """Whether the role has the right."""
        return right in RIGHTS[self.role]

    def require(self, right: Right) -> None:
        """Go on only with the right.

        Raises:
            Forbidden: naming the user, the role and the right.
        """
        if not self.may(right):
            able = ", ".join(role for role in Role if right in RIGHTS[role])
            raise Forbidden(f"{self.name} is {self.role} and may not {right}", remedy=f"ask somebody who is: {able}")


class Accounts:
    """The accounts of one case book."""

    def add(self, name: str, role: Role, password: str, by: User) -> User:
        """Add an account.

        Raises:
            Forbidden: without the right `manage`.
            CaseError: if the name is taken or malformed, or the password has fewer than 12 characters.
        """
        raise NotImplementedError

    def sign_in(self, name: str, password: str, address: str) -> str:
        """Begin a session; `address` is where the request comes from.

        Returns:
            The session's token, 256 bits of chance in URL-safe letters; only its hash is stored.

        Raises:
            SignInRefused: if name or password is wrong (it does not say which), the account is closed, or there were
                too many failed attempts lately.
        """
        raise NotImplementedError

    def user_of(self, token: str) -> User | None:
        """Who the session belongs to; None where it has ended. Each use prolongs it."""
        raise NotImplementedError

    def sign_out(self, token: str) -> None:
        """End a session."""
        raise NotImplementedError

    def users(self) -> list[User]:
        """Accounts that are open, by name."""
        raise NotImplementedError
