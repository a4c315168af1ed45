"""Communities of a weighted link graph: Leiden on the constant Potts model.

The constant Potts model (Traag, Van Dooren and Nesterov 2011, eq. 4) maximises the sum over pairs inside a
community of (bits of their link - resolution): a pair must bring more bits than the resolution charges for it.
It has no resolution limit, so that small rings are not merged in a large bank, unlike modularity.
"""

import numpy as np
from graspologic_native import leiden_csr
from numpy.typing import NDArray
from scipy.sparse import coo_array

from ringsight.graph.sources import Rows

ITERATIONS = 2
FREE = 1e-9
"""Where a pair need bring nothing; the library has no 0."""


def communities(
    pairs: tuple[Rows, Rows], bits: NDArray[np.float64], resolution: float, minimum: int, seed: int
) -> list[Rows]:
    """Communities of at least `minimum` customers, each sorted, in order of their first customer.

    Args:
        pairs: linked customers (a, b), each of shape (links,).
        bits: evidence of each link; shape (links,).
        resolution: bits that a pair must bring on average to be worth keeping together.
        minimum: smallest community returned.
        seed: of Leiden (Traag, Waltman and Van Eck 2019), which visits the customers in random order.
    """
    tied = bits > 0
    a, b, bits = pairs[0][tied], pairs[1][tied], bits[tied]
    if len(a) == 0:
        return []
    customers, ends = np.unique(np.concatenate([a, b]), return_inverse=True)
    start, end = ends.reshape(2, -1)
    both_ways = (np.r_[bits, bits], (np.r_[start, end], np.r_[end, start]))
    graph = coo_array(both_ways, shape=(len(customers), len(customers))).tocsr()
    _, found = leiden_csr(
        graph.indptr.astype(np.int64),
        graph.indices.astype(np.int32),
        graph.data,
        len(customers),
        resolution=max(resolution, FREE),
        iterations=ITERATIONS,
        use_modularity=False,
        seed=seed,
    )
    label = np.empty(len(customers), dtype=np.int64)
    label[np.fromiter(found.keys(), np.int64, len(found))] = np.fromiter(found.values(), np.int64, len(found))
    order = np.argsort(label, kind="stable")
    start = np.flatnonzero(np.diff(label[order], prepend=-1))
    end = np.append(start[1:], len(order))
    large = np.flatnonzero(end - start >= minimum)
    parts = [customers[order[start[each] : end[each]]] for each in large]
    return sorted(parts, key=lambda members: int(members[0]))
