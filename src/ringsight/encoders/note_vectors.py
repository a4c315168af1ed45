"""From note vectors to customer vectors: agents' wording taken off, whitened, averaged."""

from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import polars as pl
from numpy.typing import NDArray

from ringsight.encoders.note_tokens import Windows
from ringsight.encoders.part import Part

LEARNED = "notes"
"""The learned space."""
SHRINKAGE = 10.0
"""An agent of so many notes has half of its mean taken off."""
RIDGE = 3.0
"""Added to every variance before whitening, in mean variances: directions of little variance are mostly noise."""


@dataclass(frozen=True, slots=True, eq=False)
class NoteSpace:
    """What was fitted on the training bank's note vectors."""

    centre: NDArray[np.float32]
    """Shape (hidden,)."""
    agent_means: NDArray[np.float32]
    """Shrunken difference of each agent's notes from the centre; shape (agents, hidden)."""
    whitening: NDArray[np.float32]
    """Shape (hidden, dim)."""
    agents: list[str]
    """Agents known, sorted."""

    @classmethod
    def of(cls, part: Part) -> Self:
        """The space that a trained part carries."""
        return cls(**part.fitted(LEARNED), agents=part.settings["agents"])

    def arrays(self) -> dict[str, NDArray[Any]]:
        """For the part."""
        return {f"{LEARNED}.{name}": getattr(self, name) for name in ("centre", "agent_means", "whitening")}

    def apply(self, vectors: NDArray[np.float32], notes: pl.DataFrame) -> NDArray[np.float32]:
        """Take the centre and the agent off each note's vector, and whiten; shape (notes, dim), rows of length 1."""
        spoken = vectors - self.centre - self._agent_part(notes)
        return unit(spoken @ self.whitening)

    def _agent_part(self, notes: pl.DataFrame) -> NDArray[np.float32]:
        means = np.concatenate([self.agent_means, np.zeros((1, len(self.centre)), np.float32)])
        return means[agent_rows(notes, self.agents)]


def fit_space(vectors: NDArray[np.float32], notes: pl.DataFrame, dim: int) -> NoteSpace:
    """Fit the centre, the agents and the whitening to note vectors of shape (notes, hidden)."""
    centre = vectors.mean(axis=0)
    agents = agents_of(notes)
    row = agent_rows(notes, agents)
    sums = np.zeros((len(agents) + 1, vectors.shape[1]))
    np.add.at(sums, row, vectors - centre)
    counts = np.bincount(row, minlength=len(agents) + 1)[:, None]
    means = (sums / (counts + SHRINKAGE))[:-1]
    spoken = vectors - centre - np.concatenate([means, np.zeros((1, vectors.shape[1]))])[row]
    variances, directions = np.linalg.eigh(spoken.T @ spoken / len(spoken))
    leading = np.argsort(variances)[::-1][:dim]
    scale = np.sqrt(np.maximum(variances[leading], 0) + RIDGE * max(float(variances.mean()), 1e-9))
    return NoteSpace(
        centre=centre.astype(np.float32),
        agent_means=means.astype(np.float32),
        whitening=(directions[:, leading] / scale).astype(np.float32),
        agents=agents,
    )


def whole_notes(vectors: NDArray[np.float32], windows: Windows, notes: int) -> NDArray[np.float32]:
    """The mean of each note's windows, weighed by their tokens; a note of one window has its vector as it is.

    Args:
        vectors: of the windows; shape (windows, hidden).
        windows: and the note that each is of.
        notes: how many there are.

    Returns:
        Rows of length 1; shape (notes, hidden).
    """
    if len(vectors) == notes:
        return vectors
    sums = np.zeros((notes, vectors.shape[1]))
    np.add.at(sums, windows.note, vectors * np.array([[len(each)] for each in windows.tokens]))
    means = unit(sums)
    alone = np.bincount(windows.note, minlength=notes)[windows.note] == 1
    means[windows.note[alone]] = vectors[alone]
    return means


def pool(vectors: NDArray[np.float32], notes: pl.DataFrame) -> tuple[NDArray[np.str_], NDArray[np.float32]]:
    """Average each customer's notes: customer ids, sorted, and vectors of length 1 of shape (customers, dim)."""
    ids, row = np.unique(notes["customer_id"].to_numpy().astype(np.str_), return_inverse=True)
    sums = np.zeros((len(ids), vectors.shape[1]), dtype=np.float32)
    np.add.at(sums, row, vectors)
    return ids, unit(sums)


def unit(vectors: NDArray[np.floating[Any]]) -> NDArray[np.float32]:
    """Rows of length 1. A row without direction, as where all records are alike, becomes the first axis."""
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    plain = np.zeros_like(vectors)
    plain[:, :1] = 1
    return np.where(lengths > 1e-6, vectors / np.maximum(lengths, 1e-6), plain).astype(np.float32)


def agents_of(notes: pl.DataFrame) -> list[str]:
    """The agents who wrote notes, sorted; none where that is not told."""
    if "agent_id" not in notes.columns:
        return []
    return notes["agent_id"].cast(pl.String).drop_nulls().unique().sort().to_list()


def agent_rows(notes: pl.DataFrame, agents: list[str]) -> NDArray[np.int64]:
    """For each note the row of its agent, or the row after the last for one who is not among `agents`."""
    if "agent_id" not in notes.columns or not agents:
        return np.full(len(notes), len(agents), dtype=np.int64)
    known = {agent: row for row, agent in enumerate(agents)}
    return np.array([known.get(agent, len(agents)) for agent in notes["agent_id"].cast(pl.String)], dtype=np.int64)
