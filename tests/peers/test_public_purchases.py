"""The benchmark on public purchases: who is in it, and a rival whose figures are known from elsewhere."""

from pathlib import Path

import numpy as np
import pytest

from peers import TEST, WINDOWS, interval, read_purchases, split_at
from ringsight.peers.hits import coverage, ndcg, recall
from ringsight.peers.recommenders import Popularity

PURCHASES = Path(__file__).parents[3] / "shared" / "data" / "purchases"


@pytest.mark.slow
@pytest.mark.skipif(not PURCHASES.is_dir(), reason="the public purchases are not beside the checkout (shared/data)")
def test_popularity_has_the_figures_that_were_measured_elsewhere():
    check_popularity(PURCHASES)


def check_popularity(folder: Path) -> None:
    """Reads the purchases, and holds popularity against .134 / .127 / .01."""
    purchases = read_purchases(folder)
    assert (len(purchases), purchases["household_id"].n_unique(), purchases["product_type"].n_unique()) == (
        74_030, 2_373, 1_707,
    )  # fmt: skip
    test = split_at(purchases, *TEST)
    counts = test.histories.counts
    scores = Popularity.of(counts).scores(counts, np.arange(counts.shape[0]))
    assert recall(scores, test.bought).mean() == pytest.approx(0.134, abs=5e-4)
    assert ndcg(scores, test.bought).mean() == pytest.approx(0.127, abs=5e-4)
    assert coverage(scores, test.bought) == pytest.approx(0.01, abs=5e-3)


def test_nothing_is_chosen_on_the_test_weeks():
    assert max(until for _, until in WINDOWS) <= TEST[0]


def test_an_interval_holds_the_mean_and_narrows_with_customers():
    draws = np.random.default_rng(0).normal(1, 1, 400)
    low, high = interval(draws)
    assert low < draws.mean() < high
    assert high - low == pytest.approx(2 * 1.96 * draws.std() / 20, rel=0.1)
