"""Finished runs as the pages read them: each read once, and again when it has changed."""

from collections.abc import Collection, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from threading import Event, Lock, Thread

from pydantic import TypeAdapter

from ringsight.errors import DataError, RingsightError
from ringsight.records.bank import Bank
from ringsight.records.reading import read_bank
from ringsight.review.cases.case import Case
from ringsight.review.cases.intake import bank_config
from ringsight.review.report.members import Records, records_of
from ringsight.rings.erasure import ERASED
from ringsight.rings.ledger import FILE, FOLDER, Ledger, ledgers_of
from ringsight.rings.lineage import Lineage
from ringsight.rings.results import Results

_LEDGER = TypeAdapter(Ledger)
RECORDS_KEPT = 64
"""Cases whose members' records are kept in memory."""


@dataclass(slots=True, eq=False)
class Run:
    """A finished run and the bank that it searched."""

    folder: Path
    results: Results
    bank: Bank
    lineage: Lineage | None
    """What became of the rings since the run before; None where none was followed."""
    _ledgers: dict[str, Ledger] = field(default_factory=dict)
    _making: Lock = field(default_factory=Lock)

    def ledgers(self, ring_ids: Collection[str]) -> Mapping[str, Ledger]:
        """Ledgers of rings: as the run wrote them, or made now, all at once, where it wrote none.

        Rings that the run no longer holds are left out.
        """
        present = set(self.results.rings["ring_id"].to_list())
        with self._making:
            for ring_id in present.intersection(ring_ids).difference(self._ledgers):
                written = self.folder / FOLDER / ring_id / FILE
                if written.is_file():
                    self._ledgers[ring_id] = _LEDGER.validate_json(written.read_bytes())
            missing = sorted(present.intersection(ring_ids).difference(self._ledgers))
            if missing:
                self._ledgers |= ledgers_of(self.results, self.bank, missing)
            return {ring_id: self._ledgers[ring_id] for ring_id in ring_ids if ring_id in present}


class NotYet(DataError):  # noqa: N818 - named after what is so
    """The evidence is still being gathered."""


class Runs:
    """The runs that cases were last seen in."""

    def __init__(self) -> None:
        """Read nothing yet."""
        self._read = lru_cache(maxsize=2)(_read)
        self._records = lru_cache(maxsize=RECORDS_KEPT)(_records)
        self._reading = Lock()
        self._ready = Event()
        self._ready.set()

    def prepare(self, cases: Sequence[Case]) -> Thread:
        """Read the runs of some cases, and make their ledgers, in a thread of its own.

        Until it is done no evidence is given, of no case: else analysts would learn from the wait which cases the run
        had written no ledger for, and so were drawn at random.
        """
        self._ready.clear()
        preparing = Thread(target=self._prepare, args=(cases,), name="evidence", daemon=True)
        preparing.start()
        return preparing

    def _prepare(self, cases: Sequence[Case]) -> None:
        try:
            for one in {case.run: case for case in cases}.values():
                with suppress(RingsightError):  # the page of each case says it
                    self._of(one).ledgers([str(case.ring["ring_id"]) for case in cases if case.run == one.run])
        finally:
            self._ready.set()

    def reread(self) -> None:
        """Forget what was read; the files have changed."""
        self._read.cache_clear()
        self._records.cache_clear()

    def of(self, case: Case) -> Run:
        """The run of a case.

        Raises:
            NotYet: while `prepare` goes on.
            DataError: if the run or its bank is not there any more, or cannot be read.
        """
        if not self._ready.is_set():
            raise NotYet("the evidence is still being gathered", remedy="load the page anew in a moment")
        return self._of(case)

    def _of(self, case: Case) -> Run:
        folder = Path(case.run)
        summary = folder / "summary.json"
        if not summary.is_file():
            raise DataError("the run is not here any more", where=str(folder), remedy="take in a later run")
        with self._reading:
            return self._read(folder, Path(case.bank), summary.stat().st_mtime_ns)

    def records(self, case: Case) -> Records:
        """The records of a case's members, but for those who were erased.

        Raises:
            DataError: as `of`, or if a member is not in the bank any more.
        """
        return self._records(self.of(case), tuple(name for name in case.members if not name.startswith(ERASED)))


def _read(folder: Path, bank: Path, _changed: int) -> Run:
    records = read_bank(bank_config(folder, bank))
    lineage = Lineage.read(folder) if (folder / "events.parquet").is_file() else None
    return Run(folder, Results.read(folder), records, lineage)


def _records(run: Run, members: tuple[str, ...]) -> Records:
    return records_of(run.bank, members)
