"""The audit trail: one append-only log of everything, in which each entry seals all before it."""

from ringsight.review.cases.accounts import User


class Audit:
    """The audit trail of one case book."""

    def record(self, user: User, action: str, subject: str, *, customer: str = "", case_id: str = "") -> None:
        """Record that somebody did or saw something.

        Args:
            user: who.
            action: one word, for example `view_photo`, `view_note`, `view_score`, `unmask`, `export_case`.
            subject: what, for example an image id, a note id, a case id.
            customer: whose data it is; `forget` finds it by this.
            case_id: while working on which case; times per case are measured by this.
        """
        raise NotImplementedError

    def verify(self, head: str = "") -> int:
        """Prove that the trail is what was written; `head` is a hash noted earlier, which must be in it.

        Returns:
            How many entries there are.

        Raises:
            BrokenTrail: naming the first entry that is not what was written.
        """
        raise NotImplementedError
