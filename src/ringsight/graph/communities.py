"""Communities of a weighted link graph: Leiden on the constant Potts model.

The constant Potts model (Traag, Van Dooren and Nesterov 2011, eq. 4) maximises the sum over pairs inside a
community of (bits of their link - resolution): a pair must bring more bits than the resolution charges for it.
It has no resolution limit, so that small rings are not merged in a large bank, unlike modularity.
"""

import random

import igraph as ig
import numpy as np
from numpy.typing import NDArray

from ringsight.graph.sources import Rows


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
    a, b = pairs
    if len(a) == 0:
        return []
    nodes, ends = np.unique(np.concatenate([a, b]), return_inverse=True)
    graph = ig.Graph(n=len(nodes), edges=ends.reshape(2, -1).T)
    ig.set_random_number_generator(random.Random(seed))
    partition = graph.community_leiden(
        objective_function="CPM", weights=bits.tolist(), resolution=resolution, n_iterations=4
    )
    found = [nodes[np.sort(members)] for members in partition if len(members) >= minimum]
    return sorted(found, key=lambda members: int(members[0]))
