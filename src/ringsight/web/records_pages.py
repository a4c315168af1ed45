"""What is shown of a case on request alone, and recorded.

The score, notes, photographs, transactions, masked values, the dossier.
"""

from collections.abc import Iterable
from dataclasses import replace
from itertools import chain
from typing import Annotated

from fastapi import APIRouter, Form, Query, Request
from fastapi.responses import Response

from ringsight.cases.case import Case
from ringsight.cases.errors import CaseError, ForbiddenError
from ringsight.cases.looks import Look
from ringsight.cases.users import Right, User
from ringsight.explain.base_rates import ThingKind
from ringsight.explain.matching import MatchingImages
from ringsight.explain.matrix import cited
from ringsight.explain.neighbourhood import neighbourhood
from ringsight.report.comparison import comparison
from ringsight.report.marked_notes import spans_of
from ringsight.report.members import members
from ringsight.report.script_lines import spelt_script
from ringsight.web.app_state import App, AppState, SignedIn, page
from ringsight.web.card_sheet import card_sheet
from ringsight.web.case_evidence import score
from ringsight.web.dossier import as_json, as_page, gather

ROUTES = APIRouter(prefix="/cases/{case_id}")


@ROUTES.post("/score")
def show_score(request: Request, app: App, user: SignedIn, case_id: str) -> Response:
    """Score, q-value and the whole waterfall."""
    user.require(Right.see)
    case = app.book.case(case_id)
    app.book.audit.record(user, Look.view_score, case_id, case_id=case_id)
    return page(request, "score.html", user, case=case, score=score(app.runs.of(case), case))


@ROUTES.post("/members")
def everyone(request: Request, app: App, user: SignedIn, case_id: str) -> Response:
    """All members of a case that is too large to show them at first."""
    user.require(Right.see)
    return _members(request, app, user, app.book.case(case_id), unmasked=False)


@ROUTES.post("/unmask")
def unmask(request: Request, app: App, user: SignedIn, case_id: str) -> Response:
    """The members with their plain values."""
    user.require(Right.see)
    case = app.book.case(case_id)
    for customer in case.members:
        app.book.audit.record(user, Look.unmask, customer, customer=customer, case_id=case_id)
    return _members(request, app, user, case, unmasked=True)


def _members(request: Request, app: AppState, user: User, case: Case, *, unmasked: bool) -> Response:
    found = app.runs.evidence(case)
    shown = {"case": case, "evidence": found, "unmasked": unmasked, "chosen": (), "everyone": True}
    return page(request, "members.html", user, **shown)


@ROUTES.post("/records")
def records(
    request: Request, app: App, user: SignedIn, case_id: str, customer: Annotated[str, Form(max_length=500)]
) -> Response:
    """One member's notes and photographs, with the passages marked that another member's notes have too."""
    user.require(Right.see)
    case = app.book.case(case_id)
    if customer not in case.members:
        raise CaseError("this customer is not a member of the case")
    ledger = app.runs.of(case).ledger(case.ring_id)
    spans = spans_of(chain.from_iterable(ledger.matching_records.values())) if ledger else {}
    [shown] = members(app.runs.records(case), [customer], [], spans, 1)
    if not sees_photographs(app, user):
        shown = replace(shown, images=())
    _record(app, user, case, Look.view_note, [(customer, note.note_id) for note in shown.notes])
    _record(app, user, case, Look.view_photo, [(customer, photo.image_id) for photo in shown.images])
    return page(request, "records.html", user, member=shown)


@ROUTES.post("/comparison")
def show_comparison(
    request: Request, app: App, user: SignedIn, case_id: str, customer: Annotated[str, Form(max_length=500)] = ""
) -> Response:
    """The most telling pairs of records, side by side: of the case, or the ID images of one member and others."""
    user.require(Right.see)
    case = app.book.case(case_id)
    ledger = app.runs.of(case).ledger(case.ring_id)
    pairs = ledger.matching_records if ledger else {}
    if customer:
        images = pairs.get(MatchingImages.modality, ())
        pairs = {
            MatchingImages.modality: tuple(pair for pair in images if customer in (pair.customer_a, pair.customer_b))
        }
    found = comparison(pairs, app.runs.records(case)) if ledger else None
    if found and not sees_photographs(app, user):
        found.images.clear()
    if found:
        notes = [(each.alike.customer_a, each.alike.note_a) for each in found.notes]
        notes += [(each.alike.customer_b, each.alike.note_b) for each in found.notes]
        photos = [(each.alike.customer_a, each.alike.image_a) for each in found.images]
        photos += [(each.alike.customer_b, each.alike.image_b) for each in found.images]
        _record(app, user, case, Look.view_note, notes)
        _record(app, user, case, Look.view_photo, photos)
    return page(request, "comparison.html", user, comparison=found)


@ROUTES.post("/cards")
def cards(request: Request, app: App, user: SignedIn, case_id: str) -> Response:
    """The latest ID image of each member, on one sheet."""
    user.require(Right.see)
    case = app.book.case(case_id)
    if not sees_photographs(app, user):
        raise ForbiddenError(f"the {user.role} {user.name} may not see photographs", remedy="decide without them")
    found = app.runs.records(case)
    glance = app.runs.glance(case)
    shown = card_sheet(found, glance.members if glance else [name for name in case.members if name in found.customers])
    _record(app, user, case, Look.view_photo, [(card.customer_id, card.photo.image_id) for card in shown.cards])
    return page(request, "cards.html", user, case=case, sheet=shown)


@ROUTES.post("/script")
def show_script(request: Request, app: App, user: SignedIn, case_id: str) -> Response:
    """What several members' notes say, aligned."""
    user.require(Right.see)
    case = app.book.case(case_id)
    glance = app.runs.glance(case)
    if glance is None or glance.script is None:
        raise CaseError("these members' notes have nothing in common that others' lack")
    shown = spelt_script(glance.script, app.runs.of(case).bank.notes)
    _record(app, user, case, Look.view_note, [(line.customer_id, line.note_id) for line in shown.lines])
    return page(
        request, "script.html", user, script=shown, numbers={name: at for at, name in enumerate(glance.members, 1)}
    )


@ROUTES.post("/around")
def around(
    request: Request, app: App, user: SignedIn, case_id: str, customer: Annotated[str, Form(max_length=500)]
) -> Response:
    """Whom one member's values, rare counterparties and money lead to outside the case, and in which other cases."""
    user.require(Right.see)
    case = app.book.case(case_id)
    glance = app.runs.glance(case)
    if glance is None or customer not in glance.members:
        raise CaseError("this customer is not a member of the case")
    found = neighbourhood(customer, case.members, glance.matrix, app.runs.of(case).rates())
    app.book.audit.record(user, Look.view_neighbours, customer, customer=customer, case_id=case_id)
    named = {name for each in found for name in each.outsiders}
    cases = {
        name: tuple(each for each in others if each != case_id)
        for name, others in app.book.cases_with({customer, *named}).items()
    }
    number = glance.members.index(customer) + 1
    return page(request, "neighbourhood.html", user, customer=customer, number=number, neighbours=found, cases=cases)


@ROUTES.get("/transactions")
def transactions(
    request: Request,
    app: App,
    user: SignedIn,
    case_id: str,
    customer: Annotated[str, Query(max_length=500)],
    kind: ThingKind,
    value: Annotated[str, Query(max_length=2000)],
) -> Response:
    """The transactions behind one cell of the matrix."""
    user.require(Right.see)
    case = app.book.case(case_id)
    if customer not in case.members:
        raise CaseError("this customer is not a member of the case")
    found = app.runs.records(case).transactions.get(customer)
    rows = cited(found, kind, value).to_dicts() if found is not None else []
    app.book.audit.record(user, Look.view_transactions, f"{kind}: {len(rows)}", customer=customer, case_id=case_id)
    return page(request, "transactions.html", user, case=case, customer=customer, kind=kind, value=value, rows=rows)


def sees_photographs(app: AppState, user: User) -> bool:
    """Whether a user's role may see photographs."""
    return user.role in app.site.photographs


def _record(app: AppState, user: User, case: Case, look: Look, seen: Iterable[tuple[str, str]]) -> None:
    for customer, record in seen:
        app.book.audit.record(user, look, record, customer=customer, case_id=case.case_id)


@ROUTES.get("/dossier.html")
def dossier_page(app: App, user: SignedIn, case_id: str) -> Response:
    """The case as one file to read."""
    text = as_page(gather(app.book, app.runs, _exported(app, user, case_id), user))
    return _file(text, "text/html; charset=utf-8", f"{case_id}.html")


@ROUTES.get("/dossier.json")
def dossier_data(app: App, user: SignedIn, case_id: str) -> Response:
    """The case as one file for programs."""
    text = as_json(gather(app.book, app.runs, _exported(app, user, case_id), user))
    return _file(text, "application/json", f"{case_id}.json")


def _exported(app: AppState, user: User, case_id: str) -> Case:
    user.require(Right.see)
    case = app.book.case(case_id)
    app.book.audit.record(user, Look.export_case, case_id, case_id=case_id)
    return case


def _file(text: str, kind: str, name: str) -> Response:
    return Response(text, media_type=kind, headers={"Content-Disposition": f'attachment; filename="{name}"'})
