"""What changes hands at random: among the customers, or the relations, of one cell."""

import numpy as np
from numpy.typing import NDArray

from ringsight.graph.sources import Rows


def shuffled(cells: NDArray[np.int64], rng: np.random.Generator) -> Rows:
    """A random permutation of the members of each cell; shape (members,)."""
    order = np.argsort(cells, kind="stable")
    drawn = np.lexsort((rng.random(len(cells)), cells))
    owner = np.empty(len(cells), dtype=np.int64)
    owner[order] = drawn
    return owner
