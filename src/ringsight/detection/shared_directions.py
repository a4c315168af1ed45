"""What the modalities of honest customers share: directions in which several modalities vary together.

People of one age, town or language community spend, speak and look a little alike. Where no column declares such a
segment, its members agree in several modalities, as a ring does. Segments are large and loose, rings small and tight:
what many customers share shows as a direction common to several modalities' spaces (multi-set canonical correlation,
Kettenring 1971, Biometrika 58:433, on whitened and shrunken blocks).

A direction counts only if it is stronger than the strongest of refitted permutations, and still is without the few
customers who carry it most: a ring must not hide in a direction of its own. Where none counts, nothing changes.

Known directions are used twice. Chance worlds hand on records with odds that keep what is shared (`ConditionalShuffle`:
the conditional permutation test of Berrett, Wang, Barber and Samworth 2020, JRSS B 82:175, by its parallel pairwise
sampler), and bits count beyond what the shared coordinates predict of a pair (`PredictedBits`).
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from ringsight.graph.shuffle import shuffled
from ringsight.graph.sources import CHANCE_BITS, EveryRank, Rows, SpaceSource

Floats = NDArray[np.float64]
Odds = tuple[Floats, Floats]
"""Of one modality each customer's records as a projection, and what the customer's other modalities ask of them: the
inner product of one customer's records with what another asks is a log odds; both (customers, directions)."""

MOST_COMPONENTS = 48
"""Principal components of a modality that are looked at."""
SHRINKAGE = 0.3
"""In mean variances: directions of little variance are mostly noise, and count less."""
DRAWS = 20
"""Refitted permutations that a direction is held against."""
LEVEL = 0.95
"""Share of them that it must beat."""
MOST_DIRECTIONS = 12
FARTHEST = 3.0
"""Standard deviations at which a customer's projection is cut off."""
ROUNDS = 60
"""Rounds of pairwise swaps of a conditional permutation."""
SAMPLED_PAIRS = 60_000
"""Pairs that the prediction of bits is fitted to."""
EXPLAINS = 0.2
"""Share of a direction's variance that a column must explain to be named."""
MOST_BITS = 6.0
"""More bits than this count as so many when the prediction is fitted: near ties are to be found, not learned."""


@dataclass(frozen=True, slots=True, eq=False)
class SharedDirections:
    """Directions that modalities share."""

    projections: tuple[Floats, ...]
    """For each modality its customers' coordinates, 0 where absent; each of shape (customers, directions)."""
    strengths: Floats
    """Singular value of each direction; 1 were nothing shared; shape (directions,)."""
    threshold: float
    """What chance reaches."""

    @property
    def count(self) -> int:
        """How many there are."""
        return len(self.strengths)

    @property
    def coordinates(self) -> Floats:
        """Each customer's coordinates by all modalities together; shape (customers, directions)."""
        total: Floats = np.sum(self.projections, axis=0)
        return total


def find_shared_directions(
    blocks: Sequence[Floats], cells: Sequence[NDArray[np.int64]], trim: float, rng: np.random.Generator
) -> SharedDirections:
    """Find the directions that modalities share beyond chance.

    Args:
        blocks: of `modality_block`, one for each modality; each of shape (customers, components).
        cells: for each modality the customers among whom its records may change hands, as codes.
        trim: share of the customers, those who carry a direction most, without whom it must hold too.
        rng: source of randomness.
    """
    offsets = np.cumsum([0, *(block.shape[1] for block in blocks)])
    if sum(block.shape[1] > 0 for block in blocks) < 2:
        return SharedDirections(tuple(np.zeros((len(block), 0)) for block in blocks), np.zeros(0), float("nan"))
    strength, trimmed, rows = _spectrum(blocks, trim)
    chance = [
        _spectrum([block[shuffled(cell, rng)] for block, cell in zip(blocks, cells, strict=True)], trim)
        for _ in range(DRAWS)
    ]
    threshold, trimmed_threshold = (
        float(np.quantile([world[which][0] for world in chance], LEVEL)) for which in (0, 1)
    )
    kept = np.flatnonzero((strength > threshold) & (trimmed > trimmed_threshold))
    projections = [block @ rows[kept, a:b].T for block, a, b in zip(blocks, offsets[:-1], offsets[1:], strict=True)]
    return SharedDirections(tuple(_cut_off(each) for each in projections), strength[kept], threshold)


def modality_block(vectors: Sequence[NDArray[np.float32]], rows: Sequence[Rows], strata: NDArray[np.int64]) -> Floats:
    """One modality's spaces side by side, what strata differ in taken off, whitened and shrunken.

    Args:
        vectors: of each space; each of shape (its customers, dim).
        rows: for each space, customer -> row of its vectors, -1 where absent; each of shape (customers,).
        strata: code of each customer's stratum; shape (customers,).

    Returns:
        Unit variance in directions of much variance, less in others; 0 where absent; shape (customers, components).
    """
    parts = []
    for of_space, row in zip(vectors, rows, strict=True):
        part = np.zeros((len(row), of_space.shape[1]))
        present = row >= 0
        part[present] = of_space[row[present]]
        counts = np.maximum(np.bincount(strata[present], minlength=strata.max() + 1), 1)
        means = np.stack([np.bincount(strata, column, len(counts)) for column in part.T], axis=1) / counts[:, None]
        part[present] -= means[strata[present]]
        parts.append(part)
    block = np.concatenate(parts, axis=1)
    variances, directions = np.linalg.eigh(block.T @ block / len(block))
    leading = np.argsort(variances)[::-1][:MOST_COMPONENTS]
    leading = leading[variances[leading] > 1e-9 * max(float(variances.max()), 1e-12)]
    kept = variances[leading]
    whitened: Floats = block @ (directions[:, leading] / np.sqrt(kept + SHRINKAGE * kept.sum() / max(len(kept), 1)))
    return whitened


def _spectrum(blocks: Sequence[Floats], trim: float) -> tuple[Floats, Floats, Floats]:
    """Strengths of the leading directions, the same without those who carry each most, and the directions as rows."""
    together = np.concatenate(blocks, axis=1)
    values, directions = np.linalg.eigh(together.T @ together / len(together))
    leading = np.argsort(values)[::-1][:MOST_DIRECTIONS]
    rows = directions[:, leading].T
    offsets = np.cumsum([0, *(block.shape[1] for block in blocks)])
    parts = np.stack([b @ rows[:, i:j].T for b, i, j in zip(blocks, offsets[:-1], offsets[1:], strict=True)])
    carried = parts.sum(axis=0) ** 2 - (parts**2).sum(axis=0)
    kept = len(carried) - int(np.ceil(trim * len(carried)))
    trimmed = np.sort(carried, axis=0)[:kept].sum(axis=0) / len(carried)
    return np.sqrt(np.maximum(values[leading], 0)), trimmed, rows


def named_directions(shared: SharedDirections, customers: pl.DataFrame) -> list[dict[str, Any]]:
    """For the summary: how strong each shared direction is, and the customer column that explains most of it.

    A column explains the share of a direction's variance between its values, less what as many random values would
    explain (adjusted coefficient of determination). Columns with more values than a tenth of the customers, and those
    that explain less than `EXPLAINS`, explain nothing.
    """
    named = []
    for direction, strength in enumerate(shared.strengths):
        coordinate = shared.coordinates[:, direction]
        total = float(((coordinate - coordinate.mean()) ** 2).sum())
        best = ("", 0.0)
        for column in [name for name, dtype in customers.schema.items() if not dtype.is_nested()]:
            values = customers[column].cast(pl.String, strict=False).fill_null("")
            code = np.unique(values.to_numpy().astype(np.str_), return_inverse=True)[1]
            groups = int(code.max()) + 1
            if not 1 < groups <= len(code) / 10 or total == 0:
                continue
            counts = np.bincount(code)
            means = np.bincount(code, coordinate) / counts
            within = float(((coordinate - means[code]) ** 2).sum())
            share = 1 - (within / (len(code) - groups)) / (total / (len(code) - 1))
            best = max(best, (column, share), key=lambda each: each[1])
        column, share = best if best[1] >= EXPLAINS else ("", 0.0)
        named.append({"strength": float(strength), "column": column, "explained": share})
    return named


def _cut_off(projection: Floats) -> Floats:
    spread = projection.std(axis=0) + 1e-12
    cut: Floats = np.clip(projection, -FARTHEST * spread, FARTHEST * spread)
    return cut


class ConditionalShuffle:
    """Hands each modality's records on within cells, with odds that keep what modalities share."""

    def __init__(self, shared: SharedDirections, cells: Sequence[NDArray[np.int64]]) -> None:
        """Learn for each modality what the others tell of its projection: a linear Gaussian model.

        Args:
            shared: the directions; where there is none, every permutation is as likely as any other.
            cells: for each modality the customers among whom its records may change hands, as codes.
        """
        self._cells = cells
        self.odds: list[Odds | None] = [
            _odds(shared.projections, number) if shared.count else None for number in range(len(cells))
        ]

    def draw(self, rng: np.random.Generator) -> list[Rows]:
        """For each modality, customer -> the customer whose records it now carries."""
        owners = [shuffled(cells, rng) for cells in self._cells]
        for owner, cells, odds in zip(owners, self._cells, self.odds, strict=True):
            if odds is not None:
                _swap(owner, cells, odds, rng)
        return owners


def _odds(projections: Sequence[Floats], modality: int) -> Odds:
    """Of each customer's records their projection, and what its other modalities ask of them, in natural log odds."""
    records = projections[modality]
    others = [each for number, each in enumerate(projections) if number != modality]
    known = np.concatenate([np.ones((len(records), 1)), *others], axis=1)
    present = records.any(axis=1)
    gram = known[present].T @ known[present]
    ridge = 1e-4 * present.sum() * np.eye(len(gram))
    expected = known @ np.linalg.solve(gram + ridge, known[present].T @ records[present])
    error = records[present] - expected[present]
    covariance = error.T @ error / max(int(present.sum()), 1)
    covariance += 1e-4 * max(float(np.trace(covariance)) / len(covariance), 1e-12) * np.eye(len(covariance))
    return records, expected @ np.linalg.inv(covariance)


def _swap(owner: Rows, cells: NDArray[np.int64], odds: Odds, rng: np.random.Generator) -> None:
    """Pair the customers of each cell at random, and let each pair exchange records by the odds; many times over."""
    records, asked = odds
    size = np.bincount(cells)
    begin = np.cumsum(size) - size
    place = np.arange(len(cells)) - np.repeat(begin, size)
    first = np.flatnonzero((place % 2 == 0) & (place + 1 < np.repeat(size, size)))
    narrow = cells.astype(np.min_scalar_type(len(size)))  # sorted by radix, many times as quickly
    for _ in range(ROUNDS):
        drawn = rng.permutation(len(cells))
        order = drawn[np.argsort(narrow[drawn], kind="stable")]
        a, b = order[first], order[first + 1]
        gain = np.einsum("ij,ij->i", records[owner[b]] - records[owner[a]], asked[a] - asked[b])
        swapped = rng.random(len(a)) < 1 / (1 + np.exp(-np.clip(gain, -50, 50)))
        owner[a[swapped]], owner[b[swapped]] = owner[b[swapped]], owner[a[swapped]]


@dataclass(frozen=True, slots=True, eq=False)
class Prediction:
    """What shared coordinates predict of a pair's bits in one space: a quadratic form of both ends' coordinates."""

    ends: Floats
    """What each customer's own coordinates add; shape (customers,)."""
    one: Floats
    other: Floats
    """A pair's inner product of these adds the rest; each of shape (customers, 2 * directions)."""

    def of(self, a: Rows, b: Rows) -> Floats:
        """Bits predicted of customers a[i] and b[i]."""
        predicted: Floats = self.ends[a] + self.ends[b] + np.einsum("ij,ij->i", self.one[a], self.other[b])
        return predicted


@dataclass(frozen=True, slots=True, eq=False)
class BeyondShared:
    """Evidence in one space beyond what the shared coordinates predict of a pair."""

    source: SpaceSource
    prediction: Prediction

    @property
    def present(self) -> NDArray[np.bool_]:
        """Who has a vector in the space; shape (customers,)."""
        return self.source.present

    def pair_bits(self, a: Rows, b: Rows) -> Floats:
        """Bits between customers a[i] and b[i] less those predicted, plus what strangers' nearness is worth."""
        beyond: Floats = self.source.pair_bits(a, b) - self.prediction.of(a, b) + CHANCE_BITS
        return beyond


def beyond_shared(source: SpaceSource, coordinates: Floats, rng: np.random.Generator) -> BeyondShared | SpaceSource:
    """Fit by least squares what the shared coordinates predict of a pair's bits in one space.

    Args:
        source: the space.
        coordinates: of `SharedDirections`; shape (customers, directions).
        rng: draws the pairs that are fitted to.

    Returns:
        What is left of the space's bits; where all of them are in a table, a table of what is left.
    """
    standard = coordinates / (coordinates.std(axis=0) + 1e-12)
    owners = np.flatnonzero(source.present)
    a, b = rng.choice(owners, SAMPLED_PAIRS), rng.choice(owners, SAMPLED_PAIRS)
    a, b = a[a != b], b[a != b]
    left, right = standard[a], standard[b]
    both = left * right
    features = np.concatenate([np.ones((len(a), 1)), both, left**2 + right**2, left + right, both**2], axis=1)
    bits = np.minimum(source.pair_bits(a, b), MOST_BITS)
    gram = features.T @ features + 1e-6 * len(a) * np.eye(features.shape[1])
    fitted = np.linalg.solve(gram, features.T @ bits)
    product, level, slope, square = np.split(fitted[1:], 4)
    prediction = Prediction(
        ends=float(fitted[0]) / 2 + standard**2 @ level + standard @ slope,
        one=np.concatenate([standard * product, standard**2 * square], axis=1),
        other=np.concatenate([standard, standard**2], axis=1),
    )
    if not isinstance(source.nearness, EveryRank):
        return BeyondShared(source, prediction)
    ends, one, other = prediction.ends[owners], prediction.one[owners], prediction.other[owners]
    left_over = source.nearness.table - (ends[:, None] + ends + one @ other.T - CHANCE_BITS)
    return replace(source, nearness=EveryRank(left_over.astype(np.float32)))
