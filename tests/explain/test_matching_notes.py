"""Passages that two notes have alike: they are found whole, in both notes, and counted over the bank."""

import re
from itertools import pairwise

import numpy as np
import pytest
from bank_of_records import bank_of_records

from ringsight.explain.matching import MatchingNotes, matching_notes
from ringsight.explain.matching.matching_notes import FEWEST_WORDS

PAIR = ("a", "b")


def alike(one: str, other: str, *others: str) -> MatchingNotes | None:
    """Compare two notes in a bank where further customers wrote `others`."""
    texts = {"a": one, "b": other} | {f"other {number}": text for number, text in enumerate(others)}
    bank = bank_of_records(notes=[(f"N-{name}", name, text, None) for name, text in texts.items()])
    return matching_notes(bank, [PAIR]).get(PAIR)


def quoted(text: str, start: int, end: int) -> list[str]:
    return re.findall(r"\w+", text[start:end].lower())


def passages(one: str, other: str) -> list[tuple[str, str]]:
    found = alike(one, other)
    if found is None:
        return []
    return [(one[p.start_a : p.end_a], other[p.start_b : p.end_b]) for p in found.passages]


def test_the_longest_run_is_found_whatever_its_case_and_punctuation():
    assert passages("Hi. Please raise MY card limit, today!", "so please Raise my card: limit. ok") == [
        ("Please raise MY card limit", "please Raise my card: limit")
    ]


def test_one_differing_word_is_passed_over_and_two_are_not():
    one, other = "wants to send 500 euros abroad", "wants to send 900 euros abroad"
    assert passages(one, other) == [(one, other)]
    found = alike(one, other)
    assert found is not None
    assert (found.passages[0].words, found.passages[0].differing) == (5, 1)
    assert passages("wants to send 500 old euros abroad", "wants to send 900 new euros abroad") == []


def test_passages_in_another_order_are_both_found():
    one = "the car broke down today. my mother is in hospital"
    other = "my mother is in hospital, and the car broke down today"
    assert {p for p, _ in passages(one, other)} == {"the car broke down today", "my mother is in hospital"}


@pytest.mark.parametrize("text", ["", "one two three", "alpha beta gamma delta epsilon"])
def test_too_few_words_alike_are_no_passage(text: str):
    assert alike(text, "one two three four five six") is None


@pytest.mark.parametrize("seed", range(20))
def test_passages_say_the_same_words_and_never_overlap(seed: int):
    rng = np.random.default_rng(seed)
    one, other = (" ".join(rng.choice(list("abcde"), 60)) for _ in range(2))
    found = alike(one, other)
    assert found is not None
    spans_a = sorted((p.start_a, p.end_a) for p in found.passages)
    spans_b = sorted((p.start_b, p.end_b) for p in found.passages)
    for spans in (spans_a, spans_b):
        assert all(end <= start for (_, end), (start, _) in pairwise(spans))
    for p in found.passages:
        a, b = quoted(one, p.start_a, p.end_a), quoted(other, p.start_b, p.end_b)
        assert len(a) == len(b) == p.words + p.differing
        assert sum(x == y for x, y in zip(a, b, strict=True)) >= p.words >= FEWEST_WORDS


def test_a_passage_is_counted_over_the_customers_of_the_bank_by_whole_words():
    found = alike(
        "please raise my card limit",
        "Please raise my card limit!",
        "well, please RAISE my card limit now",
        "please raise my card limits",
        "I praise my card limit",
    )
    assert found is not None
    assert [p.customers for p in found.passages] == [3]
    assert found.of == 5


def test_a_passage_that_a_line_break_runs_through_is_counted():
    found = alike("please raise\nmy card limit", "please raise my\tcard limit")
    assert found is not None
    assert found.passages[0].customers == 2


def test_a_template_names_its_agent_where_the_bank_has_several():
    text = "id verified yes channel phone"
    several = bank_of_records(notes=[("N1", "a", text, "A1"), ("N2", "b", text, "A1"), ("N3", "c", "else", "A2")])
    single = bank_of_records(notes=[("N1", "a", text, "A1"), ("N2", "b", text, "A1")])
    assert matching_notes(several, [PAIR])[PAIR].passages[0].only_agent == "A1"
    assert matching_notes(single, [PAIR])[PAIR].passages[0].only_agent == ""


def test_the_rarer_of_two_notes_is_chosen_over_the_template():
    bank = bank_of_records(
        notes=[
            ("N1", "a", "id verified yes channel phone and more of it", "A1"),
            ("N2", "b", "id verified yes channel phone and more of it", "A1"),
            ("N3", "a", "the parcel waits at customs", "A1"),
            ("N4", "b", "the parcel waits at customs", "A2"),
            ("N5", "c", "nothing", "A2"),
        ]
    )
    found = matching_notes(bank, [PAIR])[PAIR]
    assert (found.note_a, found.note_b) == ("N3", "N4")
    assert (found.agent_a, found.agent_b) == ("A1", "A2")


def test_a_very_long_note_is_compared_in_part():
    found = alike("long " * 20_000, "long " * 20_000)
    assert found is not None
    assert max(p.end_a for p in found.passages) <= 2_000


def test_nobody_to_compare():
    assert matching_notes(bank_of_records(), []) == {}
    assert matching_notes(bank_of_records(), [PAIR]) == {}
    assert matching_notes(bank_of_records(notes=[("N", "a", "some words and some more", None)]), [PAIR]) == {}


@pytest.mark.parametrize(
    "text",
    [
        "a flat of 40 m² near the old café",
        "un cafe\u0301 pre\u0300s de la gare",
        "मेरा खाता बंद कर दो",
        "ΟΔΟΣ ΟΔΟΣ İSTANBUL STRASSE straße ok",
        "under_scored words_and more of_them here",
    ],
)
def test_passages_in_any_script_are_counted(text: str):
    found = alike(text, f"well: {text}", "somebody else altogether")
    assert found is not None
    assert all(passage.customers == 2 for passage in found.passages)


def test_a_note_cut_within_a_word_is_compared_all_the_same():
    found = alike("ab " + "lengthy " * 300, "cd " + "lengthy " * 300)
    assert found is not None
    assert all(passage.customers == 2 for passage in found.passages)
