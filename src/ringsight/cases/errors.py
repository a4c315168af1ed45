"""The errors of the case book."""

from ringsight.errors import RingsightError


def in_sentences(error: RingsightError) -> str:
    """An error as a page shows it: what is wrong, and how to go on."""
    said = f"{error.what[:1].upper()}{error.what[1:]}."
    return f"{said} To go on: {error.remedy}." if error.remedy else said


class CaseError(RingsightError, ValueError):
    """What is asked cannot be done to the case, or the case does not exist."""


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
    """The audit trail, or what is projected from it, was changed."""


class BookError(RingsightError, RuntimeError):
    """The database of the cases cannot be opened."""
