"""A map of the joint space in two dimensions: everybody in grey, flagged rings as stars.

t-SNE (van der Maaten & Hinton, 2008) of at most `LARGEST_TSNE` customers: all of a small bank; of a larger one the
members of flagged rings and a sample with a fixed seed. Where t-SNE has too few customers, or too many are flagged, the
first two principal components. Distances on the map decide nothing.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ringsight.detection.results import Results
from ringsight.records.embeddings import Embeddings

WIDTH, HEIGHT, MARGIN = 600, 400, 18
LARGEST_TSNE = 5_000
SMALLEST_TSNE = 30
ITERATIONS = 400
SEED = 0

Places = NDArray[np.float64]
"""Places in the picture; shape (customers, 2)."""


@dataclass(frozen=True, slots=True, eq=False)
class Star:
    """A flagged ring: its members, each joined to the median of their places."""

    number: int
    ring_id: str
    centre: tuple[float, float]
    places: Places
    """Of the members."""
    x: float
    y: float
    """Where the number is written."""

    @property
    def spokes(self) -> str:
        """SVG path from the centre to every member."""
        return "".join(f"M{self.centre[0]:.1f} {self.centre[1]:.1f}L{x:.1f} {y:.1f}" for x, y in self.places)

    @property
    def dots(self) -> str:
        """SVG path of the members."""
        return dots(self.places)


@dataclass(frozen=True, slots=True, eq=False)
class SpaceMap:
    """The picture, in SVG units from the top left."""

    method: str
    others: Places
    """Of the customers outside flagged rings."""
    stars: tuple[Star, ...]
    customers: int
    width: int = WIDTH
    height: int = HEIGHT

    @property
    def dots(self) -> str:
        """SVG path of the customers outside flagged rings."""
        return dots(self.others)


def space_map(results: Results, joint: Embeddings) -> SpaceMap | None:
    """Lay the map out; None where nobody has a vector."""
    numbered = results.rings.with_row_index("number", offset=1).filter("flagged")
    numbers = dict(numbered.select("ring_id", "number").iter_rows())
    members = {ring: np.array(results.members_of(ring), dtype=np.str_) for ring in numbers}
    rows = {ring: joint.rows_in(ids) for ring, ids in members.items()}
    rows = {ring: found[found >= 0] for ring, found in rows.items()}
    in_ring = np.zeros(len(joint.customer_ids), dtype=bool)
    for found in rows.values():
        in_ring[found] = True
    shown = _shown(in_ring)
    if len(shown) == 0:
        return None
    method, flat = flattened(joint.vectors[shown])
    places = np.full((len(in_ring), 2), np.nan)
    places[shown] = fit(flat)
    stars: list[Star] = []
    for ring, found in rows.items():
        if len(found):
            stars.append(_star(numbers[ring], ring, places[found], stars))
    others = places[shown[~in_ring[shown]]]
    return SpaceMap(method=method, others=others, stars=tuple(stars), customers=len(shown))


def _shown(in_ring: NDArray[np.bool_]) -> NDArray[np.int64]:
    """All rows of a small bank; of a large one those of flagged members and of a sample; sorted."""
    if len(in_ring) <= LARGEST_TSNE:
        return np.arange(len(in_ring))
    others = np.flatnonzero(~in_ring)
    sample = np.random.default_rng(SEED).choice(others, size=max(0, LARGEST_TSNE - int(in_ring.sum())), replace=False)
    return np.sort(np.concatenate([np.flatnonzero(in_ring), sample]))


def flattened(vectors: NDArray[np.float32]) -> tuple[str, NDArray[np.float64]]:
    """The method's name and an (n, 2) array."""
    from sklearn.manifold import TSNE
    from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

    with threadpool_limits(1):  # sums over several threads differ in the last bit, and t-SNE magnifies that
        parts = principal_components(vectors)
        if not SMALLEST_TSNE <= len(vectors) <= LARGEST_TSNE:
            return "first two principal components", parts[:, :2]
        start = parts[:, :2] / max(float(parts[:, 0].std()), 1e-12) * 1e-4
        tsne = TSNE(perplexity=min(30, len(vectors) // 4), init=start, max_iter=ITERATIONS, random_state=SEED)
        flat: NDArray[np.float64] = tsne.fit_transform(parts)
    return "t-SNE", flat


def principal_components(vectors: NDArray[np.float32]) -> NDArray[np.float64]:
    """Coordinates along the first axes of variance, at least 2 and at most 32; shape (n, axes)."""
    centred = vectors.astype(np.float64) - vectors.mean(axis=0, dtype=np.float64)
    _, axes = np.linalg.eigh(centred.T @ centred)
    axes = axes[:, ::-1][:, :32]
    axes = axes * np.sign(axes[np.abs(axes).argmax(axis=0), np.arange(axes.shape[1])])  # the sign is arbitrary
    parts: NDArray[np.float64] = centred @ axes
    return np.pad(parts, ((0, 0), (0, max(0, 2 - parts.shape[1]))))


def fit(flat: NDArray[np.float64]) -> NDArray[np.float64]:
    """Scale each axis to the picture."""
    low, high = flat.min(axis=0), flat.max(axis=0)
    size = np.array([WIDTH - 2 * MARGIN, HEIGHT - 2 * MARGIN])
    places: NDArray[np.float64] = MARGIN + (flat - low) / np.maximum(high - low, 1e-12) * size
    return places


def _star(number: int, ring: str, places: NDArray[np.float64], others: list[Star]) -> Star:
    centre = np.median(places, axis=0)
    x, y = _free_place(float(centre[0]), float(places[:, 1].min()) - 8, others)
    return Star(number, ring, (float(centre[0]), float(centre[1])), places, round(x, 1), round(y, 1))


def _free_place(x: float, y: float, others: list[Star]) -> tuple[float, float]:
    """The nearest place to the wanted one that no earlier number covers."""
    for radius in range(0, 120, 6):
        for angle in np.linspace(0, 2 * np.pi, 12, endpoint=False):
            at_x = min(max(x + radius * float(np.sin(angle)), 9.0), WIDTH - 9.0)
            at_y = min(max(y - radius * float(np.cos(angle)), 12.0), HEIGHT - 6.0)
            if all(abs(at_x - other.x) > 16 or abs(at_y - other.y) > 13 for other in others):
                return at_x, at_y
    return x, y


def dots(places: Places) -> str:
    """Strokes of length zero, as an SVG path: a round cap makes each a dot."""
    return "".join(f"M{x:.1f} {y:.1f}h0" for x, y in places)
