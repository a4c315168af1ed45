"""What a language model is given: ids first, nothing that passes for an excerpt, no score before it is asked for."""

import json

import pytest
from bank_of_records import MONDAY
from four_rings import PROTECTED, bank_of_twenty, results_of_four_rings
from hypothesis import given
from hypothesis import strategies as st

from ringsight.assistant.excerpts import Excerpt, Numbered, customer_excerpt, invented, note_excerpt, ring_excerpt
from ringsight.explain.ledger import Ledger, ledger
from ringsight.online.common import CommonValue
from ringsight.online.similar import Similar
from ringsight.records.bank import ColumnRole

NOTE = {"note_id": "N1", "customer_id": "C1", "timestamp": MONDAY}


@pytest.fixture(scope="module")
def flagged() -> Ledger:
    return ledger("Rflag", results_of_four_rings(), bank_of_twenty())


def excerpt(of: Ledger, *, with_score: bool = False, plain: bool = False) -> Excerpt:
    return ring_excerpt(of, lambda text: text, Numbered(plain), with_score=with_score)


@given(st.text())
def test_a_note_stands_on_one_line_in_quotation_marks(text: str):
    head, body = note_excerpt(NOTE, text, 0.5).text.split("\n")
    assert head == "[note N1 of customer C1, 2024-01-01]"
    assert body[0] == body[-1] == '"'
    assert len(json.loads(body)) == len(text)


def test_a_note_cites_itself_and_whose_it_is():
    assert note_excerpt(NOTE, "hello", 0.5).cites == ("N1", "C1")


def test_a_customer_is_told_with_what_both_have_in_common_and_not_with_the_value():
    common = CommonValue("device_id", "D-secret", ColumnRole.evidence, 2, 80)
    found = Similar("C2", 0.9, {"notes": 0.5}, {"notes": 1}, "notes", (common,))
    told = customer_excerpt("C1", found, Numbered(plain=False))
    assert told.cites == ("C2", "C1")
    assert "<device_id 1>, as 2 of 80 customers have it" in told.text
    assert "D-secret" not in told.text
    assert '"D-secret"' in customer_excerpt("C1", found, Numbered(plain=True)).text


def test_the_same_value_has_the_same_number():
    values = Numbered(plain=False)
    told = [values.told(*each) for each in (("phone", "1"), ("phone", "2"), ("email", "1"), ("phone", "1"))]
    assert told == ["<phone 1>", "<phone 2>", "<email 1>", "<phone 1>"]


def test_a_ring_is_told_by_statements_that_cite_their_records(flagged: Ledger):
    told = excerpt(flagged)
    assert told.text.startswith("[ring Rflag: customers a, b, c and d]")
    assert "[N1, N2]" in told.text
    assert {"Rflag", "a", "b", "c", "d", "N1", "N2"} <= set(told.cites)
    assert told.cites[0] == "Rflag"


def test_the_score_is_withheld_until_it_is_asked_for(flagged: Ledger):
    blind, seen = excerpt(flagged).text, excerpt(flagged, with_score=True).text
    assert "21.5 bits" in seen and "21.5" not in blind
    assert "withheld" in blind and "withheld" not in seen


def test_values_that_members_share_are_masked_and_protected_ones_never_told(flagged: Ledger):
    assert "D-both" not in excerpt(flagged).text
    assert "D-both" in excerpt(flagged, plain=True).text
    assert PROTECTED not in excerpt(flagged, plain=True, with_score=True).text


@pytest.mark.parametrize(
    ("answer", "wrong"),
    [
        ("As they say [N1, C1].", []),
        ("As they say [N1; C1].", ["N1; C1"]),
        ("Nobody says so.", []),
        ("See [N9] and [C1, C8], and [N9].", ["N9", "C8"]),
        ("Empty [].", []),
    ],
)
def test_ids_that_were_not_given_are_found_in_an_answer(answer: str, wrong: list[str]):
    assert invented(answer, ["N1", "C1"]) == wrong
