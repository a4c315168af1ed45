"""How well peers foretell purchases: each recommender alone and the blend, on a public sample of a grocer's purchases.

    python benchmarks/peers.py --data PURCHASES --page docs/peers.md

PURCHASES is a folder with transactions.parquet, products.parquet and demographics.parquet of completejourney 1.1.1
(CC0). An item is a product type; fuel is left out. Recommenders learn weeks 1 to 44, and are held against 45 to 53.
All that is chosen, the weights of the blend too, is chosen on two windows inside the training weeks: 27 to 35 after
1 to 26, and 36 to 44 after 1 to 35.
"""

import argparse
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray
from scipy.sparse import csr_array

from ringsight.peers.blending import Window, blended, choose_weights
from ringsight.peers.finding_peers import AlikeHistories, PeerPurchases
from ringsight.peers.fitting_recommenders import fit_recommenders
from ringsight.peers.histories import PurchaseHistories, purchase_histories
from ringsight.peers.hits import coverage, ndcg, recall
from ringsight.peers.peer_model import PeerModel, fit_peers
from ringsight.peers.recommenders import Ease
from ringsight.peers.settings import BlendWeights, PeersConfig

LEAST_PURCHASES = 5
"""Of an item, in the training weeks."""
LEAST_HISTORY = 10
"""Of a household, in the training weeks."""
WINDOWS = ((26, 35), (35, 44))
"""Last week to learn from, last week to be held against; weights are chosen on these."""
TEST = (44, 53)
DRAWS = 2_000
FOLDS = 5
"""Parts of the households with demographics; each is taken for new once."""
MARK = "<!-- written by benchmarks/peers.py -->"


@dataclass(frozen=True, slots=True, eq=False)
class Split:
    """Purchases to learn from, and what was bought afterwards."""

    histories: PurchaseHistories
    lately: csr_array
    bought: NDArray[np.bool_]
    """Shape (customers, items)."""


def main() -> None:
    """Choose weights, score the test weeks, and write the page."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--page", type=Path)
    asked = parser.parse_args()
    purchases = read_purchases(asked.data)
    weights = choose_weights([window_of(split_at(purchases, *window)) for window in WINDOWS])
    test = split_at(purchases, *TEST)
    scores = all_scores(test)
    lines = [*chosen_lines(weights, test), *quality_lines(scores, weights, test)]
    lines += cold_lines(test, pl.read_parquet(asked.data / "demographics.parquet"))
    print("\n".join(lines))
    if asked.page:
        before = asked.page.read_text(encoding="utf-8").split(MARK)[0] if asked.page.is_file() else ""
        asked.page.write_text("\n".join([f"{before}{MARK}", "", *lines, ""]), encoding="utf-8")


def read_purchases(folder: Path) -> pl.DataFrame:
    """household_id, product_type, week and time of every purchase but fuel."""
    products = pl.read_parquet(folder / "products.parquet").filter(pl.col("department") != "FUEL")
    named = products.select("product_id", "product_type").drop_nulls()
    joined = pl.read_parquet(folder / "transactions.parquet").join(named, on="product_id")
    return joined.select("household_id", "product_type", "week", "transaction_timestamp")


def split_at(purchases: pl.DataFrame, last: int, until: int) -> Split:
    """Learn up to a week, and hold against the weeks until another."""
    learned = purchases.filter(pl.col("week") <= last)
    learned = learned.filter(pl.len().over("product_type") >= LEAST_PURCHASES)
    learned = learned.filter(pl.len().over("household_id") >= LEAST_HISTORY)
    histories = purchase_histories(
        learned, item="product_type", customer="household_id", moment="transaction_timestamp"
    )
    after = purchases.filter(pl.col("week").is_between(last + 1, until))
    after = after.filter(
        pl.col("household_id").is_in(histories.customer_ids.tolist()),
        pl.col("product_type").is_in(histories.items.tolist()),
    )
    bought = np.zeros((len(histories.customer_ids), len(histories.items)), dtype=bool)
    rows = np.searchsorted(histories.customer_ids, after["household_id"].to_numpy().astype(np.str_))
    bought[rows, np.searchsorted(histories.items, after["product_type"].to_numpy().astype(np.str_))] = True
    return Split(histories, histories.lately(PeersConfig().lately_days), bought)


def scores_of(split: Split, config: PeersConfig) -> dict[str, NDArray[np.float64]]:
    """Recommender -> its scores for all customers."""
    counts, own = split.histories.counts, np.arange(len(split.histories.customer_ids))
    fitted = fit_recommenders(counts, split.lately, config)
    return {name: recommender.scores(counts, own) for name, recommender in fitted.items()}


def every_recommender() -> PeersConfig:
    """Settings by which all are fitted."""
    return PeersConfig(weights=BlendWeights(**dict.fromkeys(BlendWeights.__slots__, 1.0)))


def window_of(split: Split) -> Window:
    """What weights are chosen on."""
    return Window(scores_of(split, every_recommender()), split.bought)


def all_scores(test: Split) -> dict[str, NDArray[np.float64]]:
    """Recommender -> its scores for the test weeks; and rivals as others have them."""
    scores = scores_of(test, every_recommender())
    counts, own = test.histories.counts, np.arange(len(test.histories.customer_ids))
    once = (counts > 0).astype(np.float64)
    config = PeersConfig()
    alone = PeerPurchases(AlikeHistories.of(counts), counts, config.neighbours, config.sharpness)
    scores["neighbours without the customer's own history"] = alone.scores(counts, own)
    scores["user-kNN of `implicit`: BM25, k = 100, the customer among them"] = replace(
        alone, most=99, sharpness=1.0, itself=1.0
    ).scores(counts, own)
    scores["user-kNN: BM25, k = 100, others alone, each item once"] = replace(
        alone, most=100, sharpness=1.0, bought=once
    ).scores(counts, own)
    scores["EASE on 0 and 1, penalty 200"] = Ease.of(once, 200).scores(once, own)
    return scores


def chosen_lines(weights: BlendWeights, test: Split) -> list[str]:
    """What was learned from, and the weights."""
    told = ", ".join(f"{name} {weight:g}" for name, weight in weights.given().items())
    n = int(test.bought.any(axis=1).sum())
    return [
        f"{len(test.histories.customer_ids):,} households, {len(test.histories.items):,} product types; "
        f"{n:,} households bought any of them in the test weeks.",
        f"Weights chosen on the validation windows: {told}.",
        "",
    ]


def quality_lines(scores: dict[str, NDArray[np.float64]], weights: BlendWeights, test: Split) -> list[str]:
    """The table of the test weeks."""
    blend = blended(scores, weights.given())
    gains = ndcg(blend, test.bought)
    lines = [
        "| method | NDCG@10 | recall@10 | coverage | blend − method, NDCG@10 (95 %) |",
        "|---|---|---|---|---|",
    ]
    alone = {name: ndcg(each, test.bought) for name, each in scores.items()}
    for name in sorted(alone, key=lambda name: -float(alone[name].mean())):
        low, high = interval(gains - alone[name])
        shown = _figures(scores[name], test)
        lines.append(f"| {name} | {shown} | {(gains - alone[name]).mean():+.4f} ({low:+.4f} to {high:+.4f}) |")
    return [*lines, f"| **blend** | {_figures(blend, test)} | |", ""]


def _figures(scores: NDArray[np.float64], test: Split) -> str:
    quality = (ndcg(scores, test.bought).mean(), recall(scores, test.bought).mean())
    return f"{quality[0]:.4f} | {quality[1]:.4f} | {coverage(scores, test.bought):.3f}"


def interval(differences: NDArray[np.float64], seed: int = 0) -> tuple[float, float]:
    """95 % bootstrap interval of a mean over customers."""
    rng = np.random.default_rng(seed)
    means = [differences[rng.integers(0, len(differences), len(differences))].mean() for _ in range(DRAWS)]
    low, high = np.quantile(means, [0.025, 0.975])
    return float(low), float(high)


def cold_lines(test: Split, demographics: pl.DataFrame, seed: int = 0) -> list[str]:
    """Households taken for new, a fifth at a time: by demographics, against what everybody buys."""
    known = np.flatnonzero(
        np.isin(test.histories.customer_ids, demographics["household_id"].to_numpy().astype(np.str_))
    )
    folds = np.array_split(np.random.default_rng(seed).permutation(known), FOLDS)
    parts = [cold_scores(test, fold, demographics.rename({"household_id": "customer_id"})) for fold in folds]
    bought = test.bought[np.concatenate(folds)]
    by_name = {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
    lines = ["| new households | NDCG@10 | recall@10 | coverage |", "|---|---|---|---|"]
    for name, scores in by_name.items():
        shown = f"{ndcg(scores, bought).mean():.4f} | {recall(scores, bought).mean():.4f}"
        lines.append(f"| {name} | {shown} | {coverage(scores, bought):.3f} |")
    popular, served = (ndcg(scores, bought) for scores in by_name.values())
    low, high = interval(served - popular)
    told = f"demographics − popularity: {(served - popular).mean():+.4f} ({low:+.4f} to {high:+.4f})"
    return [*lines, "", f"{len(served)} households that bought something in the test weeks; NDCG@10, {told}."]


def cold_scores(test: Split, cold: NDArray[np.int64], demographics: pl.DataFrame) -> dict[str, NDArray[np.float64]]:
    """Scores for households whose purchases were not learned from; each of shape (households, items)."""
    model = fitted_without(test, cold, demographics)
    columns = np.searchsorted(test.histories.items, model.histories.items[model.columns])
    found = {
        name: np.full((len(cold), len(test.histories.items)), -np.inf) for name in ("popularity", "by demographics")
    }
    found["popularity"][:, columns] = model.recommenders["popularity"].scores(
        csr_array((1, len(columns))), np.array([-1])
    )
    ids = test.histories.customer_ids[cold].tolist()
    found["by demographics"][:, columns] = np.stack([model.scores_by_metadata(customer) for customer in ids])
    return found


def fitted_without(test: Split, cold: NDArray[np.int64], demographics: pl.DataFrame) -> PeerModel:
    """A model that never saw the purchases of some households."""
    rows = test.histories.purchases.filter(~pl.col("customer").is_in(cold.tolist()))
    purchases = pl.DataFrame(
        {
            "customer_id": test.histories.customer_ids[rows["customer"].to_numpy()].tolist(),
            "item": test.histories.items[rows["item"].to_numpy()].tolist(),
            "timestamp": rows["last"],
            "times": rows["times"],
        }
    ).select(pl.exclude("times").repeat_by("times").list.explode())
    histories = purchase_histories(purchases, item="item")
    columns = [name for name in demographics.columns if name != "customer_id"]
    weights = BlendWeights(**dict.fromkeys(BlendWeights.__slots__, 0.0) | {"popularity": 1.0})
    return fit_peers(histories, PeersConfig(weights=weights), customers=demographics, metadata=columns)


if __name__ == "__main__":
    main()
