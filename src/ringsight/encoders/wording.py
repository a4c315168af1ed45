"""The wording of notes: turns of phrase and spelling, whatever is said with them.

Character 3- to 5-grams, hashed, weighed by rarity and reduced to a few directions (`bag_space`). What an agent writes
in many notes and others seldom do is the agent's own phrase, and is taken off that agent's notes.
"""

from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import polars as pl
from numpy.typing import NDArray
from scipy import sparse
from sklearn.feature_extraction.text import HashingVectorizer

from ringsight.encoders.bag_space import BagSpace, fit_bags
from ringsight.encoders.facets import arrays_of
from ringsight.encoders.note_vectors import agent_rows, agents_of
from ringsight.encoders.part import Part

BUCKETS = 1 << 16
AT_ONCE = 20_000
"""Notes that are fitted on, at most, and that are looked at together."""
HABIT, AGAINST_OTHERS = 0.25, 5.0
"""An n-gram in more than this share of an agent's notes, so many times its share of the others', is the agent's own."""


@dataclass(frozen=True, slots=True, eq=False)
class Wording:
    """What was fitted on the training bank's notes."""

    space: BagSpace
    habits: NDArray[np.int64]
    """Agent's row * BUCKETS + bucket of each agent's own n-grams, sorted."""
    agents: list[str]
    """Agents known, sorted."""

    @classmethod
    def of(cls, part: Part) -> Self:
        """The wording that a trained part carries."""
        arrays = part.fitted("wording")
        habits = arrays.pop("habits")
        return cls(BagSpace(**arrays), habits, part.settings["agents"])

    def arrays(self) -> dict[str, NDArray[Any]]:
        """For the part."""
        return arrays_of(wording=self.space) | {"wording.habits": self.habits}

    def apply(self, notes: pl.DataFrame) -> NDArray[np.float32]:
        """Bring each note to a vector, not yet of length 1; shape (notes, dim)."""
        vectors = [
            self.space.apply(_without(_grams(some), agent_rows(some, self.agents), self.habits))
            for some in notes.iter_slices(AT_ONCE)
        ]
        return np.concatenate(vectors) if vectors else np.zeros((0, self.space.axes.shape[1]), np.float32)


def fit_wording(notes: pl.DataFrame, dim: int) -> Wording:
    """Fit the agents' phrases, the rarity of n-grams, and their leading directions."""
    sample = notes.gather_every(max(len(notes) // AT_ONCE, 1))
    agents = agents_of(sample)
    grams, row = _grams(sample), agent_rows(sample, agents)
    habits = _habits(grams, row, len(agents))
    return Wording(fit_bags(_without(grams, row, habits), dim, unseen=0), habits, agents)


def _grams(notes: pl.DataFrame) -> sparse.csr_array:
    """1 + ln(occurrences) of each n-gram; shape (notes, BUCKETS)."""
    hashing = HashingVectorizer(
        analyzer="char_wb", ngram_range=(3, 5), n_features=BUCKETS, alternate_sign=False, norm=None, dtype=np.float64
    )
    grams = sparse.csr_array(hashing.transform(notes["text"].to_list()))
    grams.data = 1 + np.log(grams.data)
    return grams


def _habits(grams: sparse.csr_array, row: NDArray[np.int64], agents: int) -> NDArray[np.int64]:
    """Each agent's own n-grams, as `Wording.habits` has them."""
    key, times = np.unique(_keys(grams, row), return_counts=True)
    agent, bucket = np.divmod(key, BUCKETS)
    written = np.bincount(row, minlength=agents + 1)[agent]
    elsewhere = np.bincount(grams.indices, minlength=BUCKETS)[bucket] - times
    share, of_others = times / written, elsewhere / np.maximum(grams.shape[0] - written, 1)
    own = (agent < agents) & (written < grams.shape[0]) & (share > HABIT) & (share > AGAINST_OTHERS * of_others)
    return key[own]


def _without(grams: sparse.csr_array, row: NDArray[np.int64], habits: NDArray[np.int64]) -> sparse.csr_array:
    """Take each agent's own n-grams off that agent's notes."""
    kept = grams.copy()
    kept.data[np.isin(_keys(grams, row), habits)] = 0
    kept.eliminate_zeros()
    return kept


def _keys(grams: sparse.csr_array, row: NDArray[np.int64]) -> NDArray[np.int64]:
    """Agent's row * BUCKETS + bucket of every entry."""
    keys: NDArray[np.int64] = np.repeat(row, np.diff(grams.indptr)) * BUCKETS + grams.indices
    return keys
