"""What a list assures: the unit is that of the evaluation, and where no rate is stated none is said."""

from typing import Any

import pytest

from ringsight.evaluation.measures import FALSE_UNLESS_TIED
from ringsight.explain.assurance import assurance_of

STATED: dict[str, Any] = {
    "fdr": 0.1,
    "expected_false_flags": 0.2,
    "guard": [{"quantile": 0.5, "shift": -0.04, "spread": 0.05, "bound": 0.3}],
    "shared_directions": [],
}
MEDIAN = {"quantile": 0.5, "shift": 0.9, "spread": 0.05, "bound": 0.3}
UPPER = {"quantile": 0.9, "shift": 0.4, "spread": 0.2, "bound": 1.0}
WITHHELD = STATED | {"expected_false_flags": None, "guard": [MEDIAN, UPPER]}


def test_the_unit_is_that_by_which_flags_are_evaluated():
    for summary in (STATED, WITHHELD):
        assert assurance_of(summary).unit.lower().startswith(FALSE_UNLESS_TIED)


@pytest.mark.parametrize(
    ("expected", "words"), [(0.0, "fewer than one"), (0.49, "fewer than one"), (0.6, "about 1"), (3.4, "about 3")]
)
def test_expected_false_flags_are_said_in_words(expected: float, words: str):
    assert assurance_of(STATED | {"expected_false_flags": expected}).expected_words == words


def test_a_stated_rate_has_no_warning_and_a_withheld_one_no_rate():
    stated, withheld = assurance_of(STATED), assurance_of(WITHHELD)
    assert (stated.warning, stated.reason) == ("", "")
    assert "at most 10 % of the flags" in stated.unit
    assert "10 %" not in withheld.unit
    assert withheld.warning == "No error rate can be stated of this list."
    assert "explains by 0.90 bits at their median, where 0.30 is allowed. The rings" in withheld.reason


def test_either_check_withholds_and_the_reason_names_it():
    apart = assurance_of(WITHHELD | {"guard": [MEDIAN | {"shift": 0.1}, UPPER | {"shift": 1.7}]})
    assert "explains by 1.70 bits where the upper 10% begin, where 1.00 is allowed. The rings" in apart.reason
    without = assurance_of(WITHHELD | {"guard": {"shift": 0.9, "bound": 0.3}})
    assert (without.guard, without.guard_words) == ((), "")
    assert "more than chance explains. The rings" in without.reason


def test_one_kind_of_record_is_a_reason_of_its_own():
    alone = assurance_of(STATED | {"expected_false_flags": None, "unrated": "one_kind_of_record"})
    assert alone == assurance_of(STATED | {"expected_false_flags": None, "one_kind_of_record": True}), "as it was told"
    assert alone.reason.startswith("One kind of record is all that can tie this bank's customers")
    assert "more than chance explains" not in alone.reason
    assert assurance_of(STATED | {"one_kind_of_record": False}).reason == ""


def test_the_guard_says_more_or_less_than_chance():
    assert assurance_of(STATED).guard_words == (
        "Groups of customers that touch no flag agree by 0.04 bits less than chance does at their median "
        "(by chance this figure varies by 0.05); beyond 0.30 no rate is stated."
    )
    assert assurance_of(WITHHELD).guard_words == (
        "Groups of customers that touch no flag agree by 0.90 bits more than chance does at their median "
        "(by chance this figure varies by 0.05) and by 0.40 bits more than chance does where the upper 10% begin "
        "(by chance this figure varies by 0.20); beyond 0.30 and 1.00 no rate is stated."
    )


def test_a_column_that_goes_with_what_is_shared_is_named_once():
    directions = [
        {"strength": 0.6, "column": "home_town", "explained": 0.4},
        {"strength": 0.5, "column": "home_town", "explained": 0.7},
        {"strength": 0.4, "column": "", "explained": 0.0},
    ]
    assurance = assurance_of(WITHHELD | {"shared_directions": directions})
    assert assurance.shared == ("home town (70% of it)",)
    assert "bank.strata" in assurance.remedy
    assert "bank.strata" not in assurance_of(STATED | {"shared_directions": directions}).remedy
    assert assurance_of(WITHHELD).remedy == ""


def test_what_an_earlier_version_kept_has_no_guard():
    assurance = assurance_of({"fdr": 0.05, "expected_false_flags": 0.2})
    assert (assurance.stated, assurance.guard, assurance.shared) == (True, (), ())
