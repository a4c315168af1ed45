"""A case as one file: what was found, each statement with the records that it cites, what was decided, and the trail.

Ids of records, no note and no photograph. The narrative is the ledger's own sentences; nothing is written anew.
"""

import json
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

from ringsight.errors import DataError
from ringsight.review.cases.case import Case
from ringsight.review.cases.casebook import CaseBook
from ringsight.review.cases.users import User
from ringsight.review.web.evidence import Score, score
from ringsight.review.web.runs import Runs
from ringsight.review.web.templates import environment


def dossier(book: CaseBook, runs: Runs, case: Case, user: User) -> str:
    """The case as a self-contained HTML page."""
    template = environment().get_template("dossier.html")
    found, missing = _found(runs, case)
    return template.render(
        case=case,
        score=found,
        missing=missing,
        history=book.history(case.case_id),
        head=book.audit.head(),
        user=user,
        made_at=datetime.now(UTC),
    )


def dossier_json(book: CaseBook, runs: Runs, case: Case, user: User) -> str:
    """The case as JSON; `ledger` is None where the run no longer holds the ring."""
    found, missing = _found(runs, case)
    whole: dict[str, Any] = {
        "case": asdict(case),
        "ledger": json.loads(found.ledger.to_json()) if found else None,
        "missing": missing,
        "history": [asdict(event) for event in book.history(case.case_id)],
        "trail_head": book.audit.head(),
        "made_by": user.name,
        "made_at": datetime.now(UTC),
    }
    return json.dumps(whole, indent=2, sort_keys=True, ensure_ascii=False, default=_plain) + "\n"


def _found(runs: Runs, case: Case) -> tuple[Score | None, str]:
    try:
        return score(runs, case), ""
    except DataError as error:
        return None, str(error)


def _plain(value: object) -> object:
    match value:
        case datetime():
            return value.isoformat()
        case frozenset() | set():
            return sorted(value)
        case _:
            return dict(value)  # type: ignore[call-overload]
