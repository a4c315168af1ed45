"""Why the case book says no. Each is named after what is wrong, as a page says it."""

from ringsight.errors import RingsightError


def in_sentences(error: RingsightError) -> str:
    """What is wrong and how to go on, as a page says it."""
    said = f"{error.what[:1].upper()}{error.what[1:]}."
    return f"{said} To go on: {error.remedy}." if error.remedy else said


class CaseError(RingsightError, ValueError):
    """What is asked of a case makes no sense, or the case does not exist."""


class ClaimedError(CaseError):
    """Somebody else holds the case."""

    def __init__(self, case_id: str, holder: str) -> None:
        """Name the case and who holds it."""
        self.case_id = case_id
        self.holder = holder
        super().__init__(f"case {case_id} is held by {holder}", remedy="take another, or ask for it to be released")


class StaleError(CaseError):
    """The case has changed since it was read."""

    def __init__(self, case_id: str, given: int, current: int) -> None:
        """Name the case, the version that was read, and the one there is now."""
        self.case_id = case_id
        self.given = given
        self.current = current
        super().__init__(
            f"case {case_id} is at version {current}; version {given} was read",
            remedy="look at what has changed, then decide again",
        )


class ForbiddenError(RingsightError, PermissionError):
    """The user's role does not have this right."""


class SignInError(RingsightError, PermissionError):
    """The name or the password is wrong, or there were too many attempts."""


class BrokenTrailError(RingsightError, ValueError):
    """The audit trail is not what was written."""


class BookError(RingsightError, RuntimeError):
    """The database of the cases is unreachable, or not one of ours."""
