"""A case as one file: what was found, each statement with what it rests on, what was decided, and the trail.

Ids of records, no note and no photograph. The narrative is the ledger's own sentences; nothing is written anew.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any

from ringsight.cases.audit_trail import TrailEntry
from ringsight.cases.case import Case
from ringsight.cases.casebook import CaseBook
from ringsight.cases.users import User
from ringsight.errors import DataError
from ringsight.explain.ledger import Ledger
from ringsight.explain.rows import MemberFit
from ringsight.explain.statements import Statement, about_records
from ringsight.web.case_evidence import Score, score
from ringsight.web.reviewed_runs import NotReadyError, Runs
from ringsight.web.templates import environment


@dataclass(frozen=True, slots=True)
class Dossier:
    """What the file says of a case."""

    case: Case
    score: Score | None
    """None where the run no longer holds the ring."""
    missing: str
    """Why there is no score; empty where there is one."""
    statements: tuple[Statement, ...]
    """Of the ledger: those without records rest on the results of the run, of which the source is named."""
    alike: tuple[Statement, ...]
    """Further pairs of records that the ledger found alike, each with their ids."""
    source: str
    """Which results: the ring, the run, and the hash of the records that it searched."""
    trail: Sequence[TrailEntry]
    """Everything that was done to the case and looked at in it."""
    head: str
    """Hash of the last entry of the whole trail when the file was made."""
    made_by: str
    made_at: datetime

    @property
    def fits(self) -> Mapping[str, MemberFit]:
        """How surely each member of the ring belongs, by customer id."""
        return {each.customer_id: each for each in self.score.ledger.fits} if self.score else {}


def gather(book: CaseBook, runs: Runs, case: Case, user: User) -> Dossier:
    """Gather a case for a file.

    Raises:
        NotReadyError: while the evidence is still being gathered.
    """
    found, missing, source = None, "The run no longer holds this ring.", ""
    try:
        run = runs.of(case)
        found = score(run, case)
        searched = run.results.summary["data_hash"][:16]
        source = f"ring {case.ring['ring_id']} of run {run.folder.name}, records {searched}"
    except NotReadyError:
        raise
    except DataError as error:
        missing = error.what
    return Dossier(
        case=case,
        score=found,
        missing="" if found else missing,
        statements=found.ledger.statements if found else (),
        alike=_further(found.ledger) if found else (),
        source=source,
        trail=book.audit.of_case(case.case_id, user),
        head=book.audit.head(),
        made_by=user.name,
        made_at=datetime.now(UTC),
    )


def as_page(dossier: Dossier) -> str:
    """The case as a self-contained HTML page that prints."""
    return environment().get_template("dossier.html").render(dossier=dossier, case=dossier.case)


def as_json(dossier: Dossier) -> str:
    """The case as JSON; `ledger` is None where the run no longer holds the ring."""
    whole: dict[str, Any] = {
        "case": asdict(dossier.case),
        "ledger": json.loads(dossier.score.ledger.to_json()) if dossier.score else None,
        "missing": dossier.missing,
        "statements": [asdict(each) | {"source": dossier.source} for each in (*dossier.statements, *dossier.alike)],
        "trail": [asdict(entry) for entry in dossier.trail],
        "trail_head": dossier.head,
        "made_by": dossier.made_by,
        "made_at": dossier.made_at,
    }
    return json.dumps(whole, indent=2, sort_keys=True, ensure_ascii=False, default=_plain) + "\n"


def _further(ledger: Ledger) -> tuple[Statement, ...]:
    """The matching records that the statements leave out."""
    every = [about_records(pair) for pairs in ledger.matching_records.values() for pair in pairs]
    return tuple(each for each in every if each not in ledger.statements)


def _plain(value: object) -> object:
    match value:
        case datetime():
            return value.isoformat()
        case frozenset() | set():
            return sorted(value)
        case _:
            return dict(value)  # type: ignore[call-overload]
