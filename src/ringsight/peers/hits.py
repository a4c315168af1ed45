"""How well a ranking foretold what customers then bought."""

import numpy as np
from numpy.typing import NDArray


def top(scores: NDArray[np.float64], k: int) -> NDArray[np.int64]:
    """Columns of the k highest scores of each row, best first, of equals the first column; shape (n, at most k)."""
    k = min(k, scores.shape[1])
    bound = np.partition(scores, -k, axis=1)[:, -k, None]
    contenders = int((scores >= bound).sum(axis=1).max())  # more than k where scores are equal
    columns = np.sort(np.argpartition(-scores, contenders - 1, axis=1)[:, :contenders], axis=1)
    order = np.argsort(-np.take_along_axis(scores, columns, axis=1), axis=1, kind="stable")[:, :k]
    return np.take_along_axis(columns, order, axis=1)


def ndcg(scores: NDArray[np.float64], bought: NDArray[np.bool_], k: int = 10) -> NDArray[np.float64]:
    """Normalised discounted cumulative gain at k (Järvelin and Kekäläinen 2002) of each customer who bought something.

    Args:
        scores: shape (n, items).
        bought: what was bought then; shape (n, items).
        k: items recommended.

    Returns:
        Shape (customers who bought something,), from 0 to 1.
    """
    found = np.take_along_axis(bought, top(scores, k), axis=1)
    discount = 1 / np.log2(np.arange(2, found.shape[1] + 2))
    ideal = np.concatenate([[0], np.cumsum(discount)])[np.minimum(bought.sum(axis=1), found.shape[1])]
    some = ideal > 0
    gained: NDArray[np.float64] = (found * discount).sum(axis=1)[some] / ideal[some]
    return gained


def recall(scores: NDArray[np.float64], bought: NDArray[np.bool_], k: int = 10) -> NDArray[np.float64]:
    """Share of what was bought that is among the k, of as many as can be; of each customer who bought something."""
    found = np.take_along_axis(bought, top(scores, k), axis=1).sum(axis=1)
    possible = np.minimum(bought.sum(axis=1), k)
    shares: NDArray[np.float64] = found[possible > 0] / possible[possible > 0]
    return shares


def coverage(scores: NDArray[np.float64], bought: NDArray[np.bool_], k: int = 10) -> float:
    """Share of all items that is recommended to anybody who bought something then."""
    some = bought.any(axis=1)
    return len(np.unique(top(scores[some], k))) / scores.shape[1] if some.any() else 0.0
