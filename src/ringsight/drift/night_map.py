"""A space in two dimensions, by night, segment, ring and time, with how far to trust it.

Principal components keep the large directions, t-SNE (van der Maaten and Hinton 2008) and UMAP (McInnes, Healy and
Melville 2018, arXiv 1802.03426) the near neighbours; none keeps both. How much is lost is told by two figures: the
share of a customer's nearest who are still among their nearest on the map, and the trustworthiness (Venna and Kaski
2001), which weighs strangers who come near on the map by how far they are.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import polars as pl
from numpy.typing import NDArray

from ringsight.detection.results import Results
from ringsight.drift.contrast_groups import Ids
from ringsight.drift.settings import Flat
from ringsight.errors import SettingsError
from ringsight.records.bank import Bank
from ringsight.records.embeddings import Embeddings
from ringsight.report.spacemap import Places, dots, fit, flattened, principal_components
from ringsight.vectors.scalars import scalars_of

SMALLEST = 5
"""A map of fewer customers shows nothing."""
PANELS = 6
"""Segments that are shown, the largest."""
QUARTERS = ("earliest quarter", "latest quarter")


@dataclass(frozen=True, slots=True, eq=False)
class Trust:
    """How far to trust one way of drawing a space."""

    method: str
    kept: float
    """Share of the nearest in the space who are among the nearest on the map; means over customers."""
    chance: float
    """The same for a map drawn by lot."""
    trustworthiness: float | None
    """From 0 to 1; None where the customers are too few for so many neighbours."""


@dataclass(frozen=True, slots=True, eq=False)
class Panel:
    """The map once more, with some customers marked."""

    kind: str
    """`segment`, `ring`, `time` or `night`."""
    name: str
    marked: NDArray[np.int64]
    """Rows of the map."""
    marks: str = ""
    """SVG path of their dots."""


@dataclass(frozen=True, slots=True, eq=False)
class NightMap:
    """A space of tonight, drawn."""

    space: str
    customer_ids: Ids
    places: dict[str, Places]
    """By method, in the units of the report's map; shape (customers, 2)."""
    trust: tuple[Trust, ...]
    """By method, in the order of `places`."""
    panels: tuple[Panel, ...]
    labels: dict[str, NDArray[np.str_]] = field(default_factory=dict)
    """What each customer is, by kind of panel; empty where it is not known."""

    @property
    def method(self) -> str:
        """The one that panels are drawn by: the last."""
        return list(self.places)[-1]

    @property
    def dots(self) -> str:
        """SVG path of all customers, as panels draw them."""
        return dots(self.places[self.method])

    @property
    def first_dots(self) -> str:
        """SVG path of all customers on the first map."""
        return dots(next(iter(self.places.values())))


def night_map(
    space: Embeddings, labels: Mapping[str, Mapping[str, str]], flat: Flat, most: int, k: int, seed: int
) -> NightMap | None:
    """Draw a space; None where nearly nobody has a vector, or all have the same.

    Args:
        space: of tonight.
        labels: kind of panel -> what each customer is, by id.
        flat: the way, beside principal components.
        most: customers on the map, drawn at random.
        k: neighbours by which trust is measured.
        seed: of the sample and of UMAP.

    Raises:
        SettingsError: if UMAP is asked for and not installed.
    """
    rows = np.arange(len(space.customer_ids))
    if len(rows) > most:
        rows = np.sort(np.random.default_rng(seed).choice(rows, most, replace=False))
    vectors, ids = space.vectors[rows], space.customer_ids[rows]
    if len(rows) < SMALLEST or bool((vectors == vectors[0]).all()):
        return None
    drawn = dict(_drawn(vectors, flat, seed))
    told = {kind: np.array([names.get(customer, "") for customer in ids.tolist()]) for kind, names in labels.items()}
    places = {method: fit(flat_) for method, flat_ in drawn.items()}
    last = list(places.values())[-1]
    panels = tuple(Panel(kind, name, marked, dots(last[marked])) for kind, name, marked in _panels(told) if len(marked))
    trust = tuple(_trust(method, vectors, flat_, k) for method, flat_ in drawn.items())
    return NightMap(space.space, ids, places, trust, panels, told)


def _drawn(vectors: NDArray[np.float32], flat: Flat, seed: int) -> Iterator[tuple[str, NDArray[np.float64]]]:
    yield "first two principal components", principal_components(vectors)[:, :2]
    match flat:
        case Flat.tsne:
            yield flattened(vectors)
        case Flat.umap:
            yield "UMAP", _umap(vectors, seed)


def _umap(vectors: NDArray[np.float32], seed: int) -> NDArray[np.float64]:
    try:
        from umap import UMAP
    except ModuleNotFoundError as error:
        raise SettingsError(
            f"watch.flat=umap needs {error.name}, which is not installed",
            remedy="pip install 'ringsight[umap]', or leave it out for t-SNE",
        ) from error
    flat = UMAP(n_neighbors=min(15, len(vectors) - 1), random_state=seed, n_jobs=1).fit_transform(vectors)
    return np.asarray(flat, dtype=np.float64)


def _trust(method: str, vectors: NDArray[np.float32], flat: NDArray[np.float64], k: int) -> Trust:
    from sklearn.manifold import trustworthiness
    from sklearn.neighbors import NearestNeighbors

    n = len(vectors)
    k = min(k, n - 1)
    near = [NearestNeighbors(n_neighbors=k).fit(points).kneighbors(return_distance=False) for points in (vectors, flat)]
    kept = float((near[0][:, :, None] == near[1][:, None, :]).any(axis=2).mean())
    trusted = float(trustworthiness(vectors, flat, n_neighbors=k)) if k < n / 2 else None
    return Trust(method, kept, k / (n - 1), trusted)


def _panels(told: Mapping[str, NDArray[np.str_]]) -> Iterator[tuple[str, str, NDArray[np.int64]]]:
    for kind, names in told.items():
        found, counts = np.unique(names[names != ""], return_counts=True)
        shown = found[np.argsort(-counts, kind="stable")]
        if kind == "segment":
            shown = shown[:PANELS]
        elif kind == "ring":
            yield kind, "members of flagged rings", np.flatnonzero(names != "")
            continue
        for name in shown:
            yield kind, str(name), np.flatnonzero(names == name)


def labels_of(
    bank: Bank | None, results: Results, segment_of: Mapping[str, str], came: Sequence[str]
) -> dict[str, dict[str, str]]:
    """What the customers of tonight are, by kind of panel: segment, flagged ring, time of the last record, new or not.

    Args:
        bank: of tonight; None where it is not there any more.
        results: of tonight.
        segment_of: by customer id.
        came: ids of those who came since the reference.
    """
    flagged = results.members.join(results.rings.filter("flagged").select("ring_id"), on="ring_id")
    return {
        "segment": dict(segment_of),
        "ring": dict(flagged.select("customer_id", "ring_id").iter_rows()),
        "time": {} if bank is None else _last_seen(bank),
        "night": dict.fromkeys(came, "came since the reference"),
    }


def _last_seen(bank: Bank) -> dict[str, str]:
    """Whose last record is among the earliest or the latest quarter of last records."""
    seen = scalars_of(bank).select("customer_id", "last_seen").drop_nulls()
    if seen["last_seen"].n_unique() < 2:
        return {}
    place = seen["last_seen"].rank("average") / len(seen)
    told = seen.with_columns(place=place).select(
        "customer_id",
        quarter=pl.when(pl.col("place") <= 0.25)
        .then(pl.lit(QUARTERS[0]))
        .when(pl.col("place") > 0.75)
        .then(pl.lit(QUARTERS[1])),
    )
    return {customer: f"last record in the {name}" for customer, name in told.drop_nulls().iter_rows()}
