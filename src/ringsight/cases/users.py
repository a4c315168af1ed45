"""Who may do what: roles and their rights."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from ringsight.cases.errors import ForbiddenError


class Role(StrEnum):
    """The role of a user in the review."""

    analyst = "analyst"
    lead = "lead"
    auditor = "auditor"
    admin = "admin"


class Right(StrEnum):
    """Something that a role may do."""

    see = "see"
    """See cases and their evidence."""
    decide = "decide"
    """Claim, decide, snooze, escalate, split, merge, and undo one's own steps."""
    direct = "direct"
    """Work on escalated cases, release what others hold, undo what others did, set the capacity."""
    inspect = "inspect"
    """Read the audit trail."""
    export = "export"
    """Export decisions as files."""
    manage = "manage"
    """Manage accounts, and import a run."""
    erase = "erase"
    """Erase personal data, on request or at the end of its retention."""


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
        """Require that the role has the right.

        Raises:
            ForbiddenError: naming the user, the role and the right.
        """
        if not self.may(right):
            able = " or ".join(role for role in Role if right in RIGHTS[role])
            raise ForbiddenError(
                f"the {self.role} {self.name} may not {right}", remedy=f"ask somebody with the role {able}"
            )


SYSTEM = User("ringsight", Role.admin)
"""The user of the command line; no account may have this name."""
NOBODY = "nobody"
"""The user of a failed sign-in under a name that no account has."""
RESERVED = (SYSTEM.name, NOBODY)
NAME = re.compile(r"[a-z0-9](?:[a-z0-9._@-]{0,62}[a-z0-9])?")
"""What an account may be called."""
EXPORTER = User(SYSTEM.name, Role.lead)
"""The user of the command line, when decisions are exported."""
INSPECTOR = User(SYSTEM.name, Role.auditor)
"""The user of the command line, when the audit trail is exported."""
