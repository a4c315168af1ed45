"""The recommenders of a blend, fitted to histories."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from ringsight.errors import DataError
from ringsight.peers.finding_peers import AlikeHistories, AlikeVectors, PeerPurchases
from ringsight.peers.histories import PurchaseHistories
from ringsight.peers.purchase_vectors import PurchaseSpace
from ringsight.peers.recommenders import Als, Ease, ItemNeighbours, OwnHistory, Popularity, Recommender
from ringsight.peers.settings import PeersConfig
from ringsight.progress import stage, steps

NEAREST_ITEMS = 50
"""Items that each item is linked with, in item-kNN."""


def scored_items(histories: PurchaseHistories, config: PeersConfig) -> NDArray[np.int64]:
    """Columns of the items that may be recommended: bought by enough customers, the most bought if they are too many.

    Raises:
        DataError: if there are none.
    """
    buyers = np.bincount(histories.purchases["item"].to_numpy(), minlength=len(histories.items))
    enough = np.flatnonzero(buyers >= config.fewest_buyers)
    if not len(enough):
        raise DataError(
            f"no item was bought by {config.fewest_buyers} customers",
            remedy="lower peers.fewest_buyers, or name a column of items that repeat, such as category",
        )
    most = enough[np.argsort(-buyers[enough], kind="stable")[: config.most_items]]
    return np.sort(most)


def fit_recommenders(counts: csr_array, lately: csr_array, config: PeersConfig) -> dict[str, Recommender]:
    """Fit the recommenders that the blend weighs, and popularity, which serves whom nothing is known of.

    Args:
        counts: how often each customer bought each item; shape (customers, items).
        lately: whether lately; shape as `counts`.
        config: how.
    """
    makers = _makers(counts, lately, config)
    names = [name for name in makers if name in config.weights.given() or name == "popularity"]
    with stage(
        "peers", f"fitting {len(names)} recommenders to {counts.shape[0]:,} customers and {counts.shape[1]:,} items"
    ):
        return {name: makers[name]() for name in steps(names, "recommenders fitted")}


def _makers(counts: csr_array, lately: csr_array, config: PeersConfig) -> dict[str, Callable[[], Recommender]]:
    """Recommender -> what fits it."""
    base = np.asarray(lately.sum(axis=0), dtype=np.float64).ravel() / lately.shape[0]
    most, sharpness = config.most_peers(counts.shape[0]), config.sharpness

    def by_vectors() -> Recommender:
        space = PurchaseSpace.of(counts, config.embedding_dimensions)
        return PeerPurchases(AlikeVectors(space, space.vectors_of(counts)), counts, most, sharpness)

    return {
        "own": lambda: OwnHistory(Popularity.of(counts)),
        "neighbours": lambda: PeerPurchases(AlikeHistories.of(counts), counts, most, sharpness, config.itself),
        "lately": lambda: PeerPurchases(AlikeHistories.of(counts), lately, most, sharpness, base=base),
        "items": lambda: ItemNeighbours.of(counts, NEAREST_ITEMS),
        "ease": lambda: Ease.of(counts, config.ease_penalty),
        "als": lambda: Als.of(counts, config.als_factors, config.als_penalty),
        "embedding": by_vectors,
        "popularity": lambda: Popularity.of(counts),
    }
