"""The assistant: what a language model may read of a run, on behalf of one person and within that person's rights."""

from collections.abc import Iterable
from functools import cached_property
from typing import TYPE_CHECKING

from ringsight.assistant.excerpts import Excerpt, Numbered, customer_excerpt, note_excerpt, ring_excerpt
from ringsight.assistant.masker import Masker
from ringsight.assistant.note_search import nearest_notes
from ringsight.cases.errors import ForbiddenError
from ringsight.cases.looks import Look
from ringsight.cases.users import Right, User
from ringsight.errors import SettingsError
from ringsight.online.asking import ask
from ringsight.online.similar import SimilarConfig
from ringsight.records.bank import Bank
from ringsight.runs.run import Run
from ringsight.vectors.filters import parse_filter
from ringsight.vectors.opening import open_filled
from ringsight.vectors.vector_store import StoreConfig

if TYPE_CHECKING:
    from ringsight.cases.audit_trail import AuditTrail


class Assistant:
    """Finds excerpts for a language model; unless told otherwise it masks personal values, and withholds scores.

    Every method needs the right to see cases, and what it hands over is written to the audit trail.
    """

    def __init__(
        self,
        run: Run,
        user: User,
        *,
        trail: "AuditTrail | None" = None,
        store: StoreConfig | None = None,
        unmasked: bool = False,
        with_score: bool = False,
    ) -> None:
        """Read for a person.

        Args:
            run: finished, with the store, the model and the bank that it was made with.
            user: on whose behalf.
            trail: of the case book, where there is one.
            store: another than the run's own.
            unmasked: whether personal values are told as they are.
            with_score: whether the score of a ring is told, and what would explain it: until an analyst has judged,
                it would judge for them.

        Raises:
            ForbiddenError: if plain values or scores are asked for where no audit trail would tell of it.
        """
        if trail is None and (unmasked or with_score):
            raise ForbiddenError(
                "plain values and scores are handed over with an audit trail alone",
                remedy="give that of the case book: trail=book.audit",
            )
        self.run, self.user, self.trail, self.store = run, user, trail, store
        self.unmasked, self.with_score = unmasked, with_score

    def notes(self, question: str, k: int = 5, where: str = "") -> list[Excerpt]:
        """The call notes nearest in meaning to a question, the nearest first.

        Args:
            question: in words that a note might have.
            k: how many.
            where: only notes of customers who fit, as in `ringsight.similar`.

        Raises:
            ForbiddenError: if the person may not see cases.
            SettingsError: if the filter makes no sense, or the question says nothing.
            RingsightError: if bank, model or store are not those of the run.
        """
        self._require(k)
        chosen = parse_filter(where) if where else None
        with open_filled(self.run.store(self.store)) as store:
            found = nearest_notes(question, self._bank.notes, store, self.run.model, k, chosen)
        excerpts = [
            note_excerpt(note, self._text(note["text"], [note["customer_id"]]), note["similarity"])
            for note in found.iter_rows(named=True)
        ]
        self._record(Look.view_note, found.select("note_id", "customer_id").iter_rows())
        return excerpts

    def similar(self, customer_id: str, k: int = 5, where: str = "") -> list[Excerpt]:
        """The customers most like one, the most alike first, with what they have in common.

        Args:
            customer_id: whom they should be like.
            k: how many.
            where: only those who fit.

        Raises:
            ForbiddenError: if the person may not see cases.
            RingsightError: as `ringsight.similar` does.
        """
        self._require(k)
        found = ask(self.run, customer_id, SimilarConfig(k=k, where=where), store=self.store)
        values = Numbered(self.unmasked)
        excerpts = [customer_excerpt(customer_id, each, values) for each in found]
        self._record(Look.view_similar, [(each.subject, each.subject) for each in excerpts])
        return excerpts

    def ledger(self, ring_id: str) -> Excerpt:
        """A ring's ledger: what ties its members, statement by statement, with the ids of the records behind each.

        Args:
            ring_id: of the ring.

        Raises:
            ForbiddenError: if the person may not see cases.
            DataError: if there is no such ring.
        """
        self._require()
        ledger = self.run.ledger(ring_id)
        excerpt = ring_excerpt(
            ledger,
            lambda text: self._text(text, ledger.members, numbers=False),
            Numbered(self.unmasked),
            with_score=self.with_score,
        )
        self._record(Look.view_ledger, [(ring_id, "")])
        if self.with_score:
            self._record(Look.view_score, [(ring_id, "")])
        return excerpt

    @cached_property
    def _bank(self) -> Bank:
        return self.run.searched_bank()

    @cached_property
    def _masker(self) -> Masker:
        return Masker.of(self._bank)

    def _require(self, k: int = 1) -> None:
        self.user.require(Right.see)
        if k < 1:
            raise SettingsError(f"k must be at least 1 (got {k})")

    def _text(self, text: str, customers: Iterable[str], *, numbers: bool = True) -> str:
        return text if self.unmasked else self._masker.masked(text, list(customers), numbers=numbers)

    def _record(self, look: Look, seen: Iterable[tuple[str, str]]) -> None:
        """Write to the trail what was handed over: subjects, and whose they are."""
        if self.trail is None:
            return
        for subject, customer in seen:
            self.trail.record(self.user, look, subject, customer=customer)
            if self.unmasked and customer:
                self.trail.record(self.user, Look.unmask, subject, customer=customer)
