"""Libraries that find neighbours, each behind the same two calls: build, and search with some effort."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from importlib.util import find_spec
from typing import Any

import faiss
import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
Rows = NDArray[np.int64]
EFFORTS = (2, 4, 8, 12, 16, 24, 32, 48, 64, 96, 128, 192, 256)
"""Cells looked at by an inverted file, or candidates kept by a graph, over the k wanted."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A library with its settings of the build, and the efforts its search may make, least first."""

    name: str
    build: Callable[[], Any]
    search: Callable[[Any, Floats, int], Rows]
    """What was built, queries and effort -> rows of the nearest, the query's own among them."""
    efforts: tuple[int, ...] = (0,)


@dataclass(frozen=True, slots=True)
class Rival:
    """A library, or one index of it."""

    name: str
    package: str
    candidates: Callable[[Floats, int, int], Iterator[Candidate]]
    """Vectors, how many to find and threads -> settings to try."""
    up_to: int
    """Vectors beyond which it is not asked: it would take minutes."""

    def installed(self) -> bool:
        """Whether its package is there."""
        return find_spec(self.package) is not None


def flat(vectors: Floats, count: int, threads: int) -> Iterator[Candidate]:
    """All with all."""
    yield Candidate("exact", lambda: None, lambda _, asked, __: knn(asked, vectors, count))


def knn(asked: Floats, vectors: Floats, count: int) -> Rows:
    """Faiss's brute force."""
    found: Rows = faiss.knn(asked, vectors, count, metric=faiss.METRIC_INNER_PRODUCT)[1]
    return found


def inverted_file(vectors: Floats, count: int, threads: int) -> Iterator[Candidate]:
    """Cells by k-means as faiss does it unless told otherwise, and as many as it advises."""
    cells = int(4 * np.sqrt(len(vectors)))
    yield Candidate(f"{cells} cells", lambda: cells_of(vectors, cells), search_cells(count), EFFORTS)


def inverted_file_cut_short(vectors: Floats, count: int, threads: int) -> Iterator[Candidate]:
    """The same with as little k-means as our `vectors.inverted_file` needs; much of the time is saved there."""
    for times in (1, 2, 4):
        cells = int(times * np.sqrt(len(vectors)))
        build = partial(cells_of, vectors, cells, niter=4, max_points_per_centroid=32)
        yield Candidate(f"{cells} cells", build, search_cells(count), EFFORTS)


def cells_of(vectors: Floats, cells: int, **clustering: int) -> Any:  # noqa: ANN401 - faiss is untyped
    """An inverted file of faiss."""
    dim = vectors.shape[1]
    index = faiss.IndexIVFFlat(faiss.IndexFlatIP(dim), dim, cells, faiss.METRIC_INNER_PRODUCT)
    index.cp.min_points_per_centroid = 1  # no warning
    for name, value in clustering.items():
        setattr(index.cp, name, value)
    index.train(vectors)
    index.add(vectors)
    return index


def search_cells(count: int) -> Callable[[Any, Floats, int], Rows]:
    """A search that looks at so many cells as the effort says."""

    def search(index: Any, asked: Floats, effort: int) -> Rows:  # noqa: ANN401
        index.nprobe = effort
        found: Rows = index.search(asked, count)[1]
        return found

    return search


def faiss_graph(vectors: Floats, count: int, threads: int) -> Iterator[Candidate]:
    """HNSW of faiss."""

    def build() -> Any:  # noqa: ANN401
        index = faiss.IndexHNSWFlat(vectors.shape[1], 16, faiss.METRIC_INNER_PRODUCT)
        index.hnsw.efConstruction = 64
        index.add(vectors)
        return index

    def search(index: Any, asked: Floats, effort: int) -> Rows:  # noqa: ANN401
        index.hnsw.efSearch = count + effort
        found: Rows = index.search(asked, count)[1]
        return found

    yield Candidate("M 16, efConstruction 64", build, search, EFFORTS)


def hnswlib_graph(vectors: Floats, count: int, threads: int) -> Iterator[Candidate]:
    """HNSW of its authors."""

    def build() -> Any:  # noqa: ANN401
        import hnswlib

        index = hnswlib.Index("ip", vectors.shape[1])
        index.init_index(len(vectors), M=16, ef_construction=64, random_seed=0)
        index.set_num_threads(threads)
        index.add_items(vectors)
        return index

    def search(index: Any, asked: Floats, effort: int) -> Rows:  # noqa: ANN401
        index.set_ef(count + effort)
        return np.asarray(index.knn_query(asked, count)[0]).astype(np.int64)

    yield Candidate("M 16, efConstruction 64", build, search, EFFORTS)


def usearch_graph(vectors: Floats, count: int, threads: int) -> Iterator[Candidate]:
    """HNSW of usearch, in single precision."""

    def build() -> Any:  # noqa: ANN401
        from usearch.index import Index

        index = Index(ndim=vectors.shape[1], metric="ip", dtype="f32", connectivity=16, expansion_add=64)
        index.add(np.arange(len(vectors)), vectors, threads=threads)
        return index

    def search(index: Any, asked: Floats, effort: int) -> Rows:  # noqa: ANN401
        index.expansion_search = count + effort
        return np.asarray(index.search(asked, count, threads=threads).keys).astype(np.int64)

    yield Candidate("M 16, expansion_add 64", build, search, EFFORTS)


def descent(vectors: Floats, count: int, threads: int) -> Iterator[Candidate]:
    """Nearest-neighbour descent; compiled once before it is timed."""
    import pynndescent

    def build(trees: int, rounds: int, candidates: int, given: Floats = vectors) -> Any:  # noqa: ANN401
        return pynndescent.NNDescent(
            given,
            metric="dot",
            n_neighbors=count,
            n_trees=trees,
            n_iters=rounds,
            max_candidates=candidates,
            random_state=0,
            n_jobs=threads,
        ).neighbor_graph[0]

    build(4, 2, 10, vectors[:2000])
    for trees, rounds, candidates in ((4, 2, 15), (8, 2, 20), (8, 3, 20), (8, 4, 30), (12, 6, 60)):
        name = f"{trees} trees, {rounds} rounds, {candidates} candidates"
        yield Candidate(name, lambda a=trees, b=rounds, c=candidates: build(a, b, c), lambda graph, _, __: graph)  # type: ignore[misc]


def brute(vectors: Floats, count: int, threads: int) -> Iterator[Candidate]:
    """All with all, by scikit-learn; of unit vectors the Euclidean distance has the same order."""
    from sklearn.neighbors import NearestNeighbors

    def search(index: Any, asked: Floats, _: int) -> Rows:  # noqa: ANN401
        return np.asarray(index.kneighbors(asked, return_distance=False))

    yield Candidate("brute", lambda: NearestNeighbors(n_neighbors=count, algorithm="brute").fit(vectors), search)


RIVALS = (
    Rival("faiss flat", "faiss", flat, 60_000),
    Rival("faiss IVF", "faiss", inverted_file, 10_000_000),
    Rival("faiss IVF with short k-means", "faiss", inverted_file_cut_short, 10_000_000),
    Rival("faiss HNSW", "faiss", faiss_graph, 20_000),
    Rival("hnswlib", "hnswlib", hnswlib_graph, 20_000),
    Rival("usearch", "usearch", usearch_graph, 20_000),
    Rival("PyNNDescent", "pynndescent", descent, 10_000_000),
    Rival("scikit-learn", "sklearn", brute, 20_000),
)
