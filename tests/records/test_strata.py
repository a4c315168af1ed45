"""Strata are large enough, and as fine as that allows."""

import numpy as np
import polars as pl
import pytest

from ringsight.records.strata import strata


def random_customers(seed: int, count: int) -> pl.DataFrame:
    rng = np.random.default_rng(seed)
    return pl.DataFrame(
        {
            "segment": rng.choice(["a", "b", "c"], count, p=[0.8, 0.15, 0.05]).tolist(),
            "region": rng.choice(np.array(["n", "s", "w", None]), count, p=[0.6, 0.2, 0.15, 0.05]).tolist(),
        },
        schema={"segment": pl.String, "region": pl.String},
    )


@pytest.mark.parametrize("seed", range(20))
@pytest.mark.parametrize("minimum", [1, 5, 40])
def test_each_stratum_has_the_minimum_unless_the_bank_is_smaller(seed: int, minimum: int) -> None:
    count = [0, 1, 3, 30, 150, 1000][seed % 6]
    labels = strata(random_customers(seed, count), ["segment", "region"], minimum)
    assert len(labels) == count and labels.null_count() == 0
    if count:
        assert min(labels.value_counts()["count"].to_list()) >= min(minimum, count)


def test_strata_that_are_large_enough_stay_fine() -> None:
    customers = pl.DataFrame({"segment": ["a", "a", "b", "b"], "region": ["n", "n", "s", None]})
    labels = strata(customers, ["segment", "region"], 1)
    assert labels.to_list() == ["a | n", "a | n", "b | s", "b | unknown"]


def test_small_strata_are_grouped_by_one_column_less_and_then_in_the_rest() -> None:
    customers = pl.DataFrame({"segment": [*"aaa", *"bb", "c", "d"], "region": ["n", "n", "n", "n", "s", "n", "n"]})
    labels = strata(customers, ["segment", "region"], 2)
    assert labels.to_list() == ["a | n"] * 3 + ["b"] * 2 + ["rest"] * 2


def test_a_rest_that_is_too_small_takes_in_the_smallest_stratum() -> None:
    customers = pl.DataFrame({"segment": [*"aaa", *"bb", "c"]})
    assert strata(customers, ["segment"], 2).to_list() == ["a"] * 3 + ["rest"] * 3


def test_columns_not_given_are_left_out() -> None:
    customers = pl.DataFrame({"segment": [1, 1, 2, 2]})
    assert strata(customers, ["segment", "region"], 2).to_list() == ["1", "1", "2", "2"]
    assert strata(customers, ["region"], 2).to_list() == ["rest"] * 4
    assert strata(customers, [], 2).to_list() == ["rest"] * 4
