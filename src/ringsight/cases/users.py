"""Who may do what: roles and their rights."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from ringsight.cases.errors import ForbiddenError


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
            ForbiddenError: naming the user, the role and the right.
        """
        if not self.may(right):
            able = ", ".join(role for role in Role if right in RIGHTS[role])
            raise ForbiddenError(f"the {self.role} {self.name} may not {right}", remedy=f"ask somebody who is: {able}")


SYSTEM = User("ringsight", Role.admin)
"""Who does what is done on the command line; no account may have this name."""
NOBODY = "nobody"
"""Who failed to sign in under a name that no account has."""
RESERVED = (SYSTEM.name, NOBODY)
NAME = re.compile(r"[a-z0-9](?:[a-z0-9._@-]{0,62}[a-z0-9])?")
"""What an account may be called."""
EXPORTER = User(SYSTEM.name, Role.lead)
"""The same, where decisions are exported."""
INSPECTOR = User(SYSTEM.name, Role.auditor)
"""The same, where the trail is exported."""
