"""The table of flags: what stands in it, and what its title says, with a rate and without."""

import polars as pl
from made_results import results_with
from rich.console import Console

from ringsight.detection.results import Results
from ringsight.jobs.flags import RANKED, flag_table

UNRATED = {"rate_stated": False, "expected_false_flags": None, "unrated": "one_kind_of_record"}


def told(results: Results) -> str:
    console = Console(record=True, width=200)
    console.print(flag_table(results))
    return " ".join(console.export_text().split())


def rings(count: int, flagged: int = 0) -> pl.DataFrame:
    ids = [f"R{number}" for number in range(count)]
    return pl.DataFrame({"ring_id": ids, "size": 3, "flagged": [number < flagged for number in range(count)]})


def test_a_ranked_list_is_shown_where_none_is_flagged() -> None:
    said = told(results_with(UNRATED, rings=rings(30)))
    assert f"The first {RANKED} of 30 candidate rings, ranked. No error rate can be stated" in said
    assert f"R{RANKED - 1} " in said and f"R{RANKED} " not in said


def test_flags_alone_are_shown_where_there_are_any() -> None:
    said = told(results_with(UNRATED, rings=rings(30, flagged=2)))
    assert "The first 2 of 30 candidate rings" in said and "R1 " in said and "R2 " not in said
    with_rate = told(results_with(rings=rings(3)))
    assert "0 flagged of 3 candidate rings" in with_rate and "R0" not in with_rate, (
        "a list with a rate ends at the rate"
    )


def test_without_candidates_the_title_says_so_and_no_more() -> None:
    said = told(results_with(UNRATED, rings=rings(0)))
    assert "Nobody is tied closely enough to be a candidate ring." in said and "rate" not in said
