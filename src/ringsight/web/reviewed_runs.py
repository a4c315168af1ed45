"""The runs that cases were last seen in, and the evidence of those cases: gathered once, and again when it changed."""

from collections.abc import Sequence
from contextlib import suppress
from functools import lru_cache
from pathlib import Path
from threading import Event, Lock, Thread

from ringsight.cases.case import Case
from ringsight.detection.results import Results
from ringsight.errors import DataError, RingsightError
from ringsight.explain.glance import Glance
from ringsight.report.members import Records, records_of
from ringsight.runs.erasure import ERASED
from ringsight.runs.paths import RunPaths
from ringsight.runs.run import open_run
from ringsight.web.case_evidence import CaseEvidence, gathered
from ringsight.web.reviewed_run import ReviewedRun, read_run

KEPT = 64
"""Cases whose evidence is kept in memory, and members' records."""


class NotReadyError(DataError):
    """The evidence is still being gathered."""


class Runs:
    """The runs that cases were last seen in."""

    def __init__(self) -> None:
        """Read nothing yet."""
        self._read = lru_cache(maxsize=2)(_read)
        self._found = lru_cache(maxsize=1)(_found)
        self._records = lru_cache(maxsize=KEPT)(_records)
        self._gathered = lru_cache(maxsize=KEPT)(gathered)
        self._reading = Lock()
        self._ready = Event()
        self._ready.set()

    def prepare(self, cases: Sequence[Case]) -> Thread:
        """Read the runs of some cases, make their ledgers and gather the largest, in a thread of its own.

        Until it is done no evidence is given, of no case: else analysts would learn from the wait which cases the run
        had written no ledger for, and so were drawn at random.
        """
        self._ready.clear()
        preparing = Thread(target=self._prepare, args=(cases,), name="evidence", daemon=True)
        preparing.start()
        return preparing

    def _prepare(self, cases: Sequence[Case]) -> None:
        listed = [case for case in cases if case.current]
        largest = sorted(listed, key=lambda case: len(case.members), reverse=True)[:KEPT]
        try:
            for one in {case.run: case for case in cases}.values():
                with suppress(RingsightError):  # the page of each case says it
                    self._of(one).ledgers([case.ring_id for case in cases if case.run == one.run])
            for case in largest:
                with suppress(RingsightError):
                    self._evidence(self._of(case), case)
        finally:
            self._ready.set()
        for case in listed:
            with suppress(RingsightError):
                self.glance(case)

    def reread(self) -> None:
        """Forget what was read; the files have changed."""
        self._read.cache_clear()
        self._found.cache_clear()
        self._records.cache_clear()
        self._gathered.cache_clear()

    def of(self, case: Case) -> ReviewedRun:
        """The run of a case.

        Raises:
            NotReadyError: while `prepare` goes on.
            DataError: if the run or its bank is not there any more, or cannot be read.
        """
        if not self._ready.is_set():
            raise NotReadyError("the evidence is still being gathered", remedy="load the page anew in a moment")
        return self._of(case)

    def _of(self, case: Case) -> ReviewedRun:
        summary = _summary(case.run)
        with self._reading:
            return self._read(Path(case.run), Path(case.bank), summary.stat().st_mtime_ns)

    def results(self, folder: str) -> Results:
        """What a run found.

        Raises:
            DataError: if the run is not there any more, or cannot be read.
        """
        summary = _summary(folder)
        return self._found(folder, summary.stat().st_mtime_ns)

    def records(self, case: Case) -> Records:
        """The records of a case's members, but for those who were erased.

        Raises:
            DataError: as `of`, or if a member is not in the bank any more.
        """
        return self._records_of(self.of(case), case)

    def evidence(self, case: Case) -> CaseEvidence:
        """What the page of a case shows of its evidence.

        Raises:
            DataError: as `records`.
        """
        return self._evidence(self.of(case), case)

    def glance(self, case: Case) -> Glance | None:
        """A case at a glance; None where the run no longer holds its ring.

        Raises:
            DataError: as `of`.
        """
        return self.of(case).glance(case.ring_id, case.members)

    def _records_of(self, run: ReviewedRun, case: Case) -> Records:
        return self._records(run, tuple(name for name in case.members if not name.startswith(ERASED)))

    def _evidence(self, run: ReviewedRun, case: Case) -> CaseEvidence:
        return self._gathered(run, self._records_of(run, case), case.ring_id, case.members, case.news)


def _summary(folder: str) -> Path:
    summary = RunPaths(Path(folder)).summary
    if not summary.is_file():
        raise DataError("the run is not here any more", where=folder, remedy="import a later run")
    return summary


def _found(folder: str, _changed: int) -> Results:
    return open_run(Path(folder)).results


def _read(folder: Path, bank: Path, _changed: int) -> ReviewedRun:
    return read_run(folder, bank)


def _records(run: ReviewedRun, members: tuple[str, ...]) -> Records:
    return records_of(run.bank, members)
