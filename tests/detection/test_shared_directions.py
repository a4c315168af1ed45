"""What modalities share: a segment shows as a direction, a ring does not; records then change hands by its odds."""

import numpy as np
import polars as pl
import pytest

from ringsight.detection.shared_directions import (
    ConditionalShuffle,
    SharedDirections,
    beyond_shared,
    find_shared_directions,
    modality_block,
    named_directions,
)
from ringsight.graph.shuffle import shuffled
from ringsight.graph.sources import SpaceSource, space_source
from ringsight.records.embeddings import Embeddings

N = 600
EVERYBODY = np.arange(N)
ONE_CELL = np.zeros(N, dtype=np.int64)


def space_of(vectors: np.ndarray, name: str) -> SpaceSource:
    unit = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    ids = np.array([f"c{i:05d}" for i in range(len(vectors))])
    return space_source(Embeddings(name, ids, unit.astype(np.float32), "model", "data"), ids, keep=10)


def clouds(seed: int, segment: np.ndarray | None = None, strength: float = 1.0) -> list[np.ndarray]:
    """Two modalities of random vectors, each moved along a direction of its own by the customer's segment."""
    rng = np.random.default_rng(seed)
    found = []
    for _ in range(2):
        vectors = rng.normal(size=(N, 16))
        if segment is not None:
            vectors += strength * segment[:, None] * rng.normal(size=16) / 4
        found.append(vectors)
    return found


def blocks_of(vectors: list[np.ndarray]) -> list[np.ndarray]:
    return [modality_block([each.astype(np.float32)], [EVERYBODY], ONE_CELL) for each in vectors]


def found(vectors: list[np.ndarray], seed: int = 0) -> SharedDirections:
    return find_shared_directions(blocks_of(vectors), [ONE_CELL] * len(vectors), 0.01, np.random.default_rng(seed))


SEGMENT = np.random.default_rng(9).choice([-1.0, 1.0], N) * 2


@pytest.mark.parametrize("seed", range(6))
def test_a_segment_shows_as_one_direction(seed: int):
    shared = found(clouds(seed, SEGMENT))
    assert shared.count == 1
    assert shared.strengths[0] > shared.threshold
    assert abs(np.corrcoef(shared.coordinates[:, 0], SEGMENT)[0, 1]) > 0.8


def test_where_nothing_is_shared_there_is_seldom_a_direction():
    counts = [found(clouds(seed), seed).count for seed in range(20)]
    assert sum(count > 0 for count in counts) <= 3  # of a test at 5 % that must be passed twice


@pytest.mark.parametrize("seed", range(6))
def test_a_ring_is_no_direction(seed: int):
    vectors = clouds(seed)
    ring = np.random.default_rng(seed).choice(N, 6, replace=False)
    for each in vectors:
        each[ring] = 3 * each[ring[0]] + 0.1 * each[ring]
    assert found(vectors).count == 0


def test_one_modality_shares_nothing():
    shared = found(clouds(0)[:1])
    assert (shared.count, shared.projections[0].shape) == (0, (N, 0))
    owners = ConditionalShuffle(shared, [ONE_CELL]).draw(np.random.default_rng(0))
    assert sorted(owners[0].tolist()) == EVERYBODY.tolist()


def test_what_strata_differ_in_is_not_shared():
    strata = np.random.default_rng(1).integers(0, 2, N)
    vectors = clouds(1, 4.0 * strata - 2)
    blocks = [modality_block([each.astype(np.float32)], [EVERYBODY], strata) for each in vectors]
    shared = find_shared_directions(blocks, [strata] * 2, 0.01, np.random.default_rng(0))
    assert shared.count == 0
    assert found(vectors).count == 1


def test_those_who_lack_a_modality_have_no_coordinates_in_it():
    have = np.random.default_rng(2).random(N) < 0.7
    vectors = clouds(2, SEGMENT)
    row = np.where(have, np.cumsum(have) - 1, -1)
    first = modality_block([vectors[0][have].astype(np.float32)], [row], ONE_CELL)
    assert (first[~have] == 0).all()
    cells = [have.astype(np.int64), ONE_CELL]
    second = modality_block([vectors[1].astype(np.float32)], [EVERYBODY], ONE_CELL)
    shared = find_shared_directions([first, second], cells, 0.01, np.random.default_rng(0))
    assert shared.count >= 1
    assert (shared.projections[0][~have] == 0).all()
    owner = ConditionalShuffle(shared, cells).draw(np.random.default_rng(0))[0]
    np.testing.assert_array_equal(have[owner], have)


@pytest.mark.parametrize("dimensions", [1, 2])
def test_a_modality_with_fewer_customers_than_directions_or_no_variance(dimensions: int):
    few = np.full(N, -1)
    few[:4] = np.arange(4)
    vectors = np.random.default_rng(0).normal(size=(4, dimensions)).astype(np.float32)
    constant = modality_block([np.ones((N, 8), dtype=np.float32)], [EVERYBODY], ONE_CELL)
    assert np.isfinite(constant).all()
    assert constant.shape[1] == 0 or np.allclose(constant, 0)
    small = modality_block([vectors], [few], ONE_CELL)
    assert np.isfinite(small).all()
    blocks = [small, constant, blocks_of(clouds(0))[0]]
    shared = find_shared_directions(blocks, [ONE_CELL] * 3, 0.01, np.random.default_rng(0))
    assert shared.count == 0


def dependence(vectors: list[np.ndarray], owners: list[np.ndarray], segment: np.ndarray) -> float:
    """How much a customer's two modalities, as carried, know of the segment together."""
    told = []
    for each, owner in zip(vectors, owners, strict=True):
        direction = np.linalg.lstsq(each, segment, rcond=None)[0]
        told.append((each @ direction)[owner])
    return float(np.corrcoef(*told)[0, 1])


@pytest.mark.parametrize("seed", range(3))
def test_records_change_hands_and_keep_what_is_shared(seed: int):
    vectors = clouds(seed, SEGMENT)
    shuffle = ConditionalShuffle(found(vectors), [ONE_CELL] * 2)
    rng = np.random.default_rng(seed)
    kept, lost = [], []
    for _ in range(5):
        owners = shuffle.draw(rng)
        for owner in owners:
            assert sorted(owner.tolist()) == EVERYBODY.tolist()
        assert (owners[0] == EVERYBODY).mean() < 0.1
        kept.append(dependence(vectors, owners, SEGMENT))
        lost.append(dependence(vectors, [shuffled(ONE_CELL, rng) for _ in range(2)], SEGMENT))
    whole = dependence(vectors, [EVERYBODY] * 2, SEGMENT)
    assert np.mean(kept) > 0.7 * whole
    assert abs(np.mean(lost)) < 0.1


def test_records_stay_within_their_cells_and_every_holder_is_as_likely():
    cells = np.random.default_rng(0).integers(0, 3, N)
    rng = np.random.default_rng(1)
    for _ in range(20):
        np.testing.assert_array_equal(cells[shuffled(cells, rng)], cells)
    small = np.array([0, 0, 0, 0, 1, 1])
    drawn = np.array([shuffled(small, rng) for _ in range(4000)])
    for place in range(4):
        times = np.bincount(drawn[:, place], minlength=6)
        assert times[4:].sum() == 0
        assert ((times[:4] - 1000) ** 2 / 1000).sum() < 21  # chi-square, 3 degrees of freedom: one in ten thousand


def test_alone_in_its_cell_everybody_keeps_their_records():
    owners = ConditionalShuffle(found(clouds(0, SEGMENT)), [EVERYBODY] * 2).draw(np.random.default_rng(0))
    for owner in owners:
        np.testing.assert_array_equal(owner, EVERYBODY)


def test_bits_beyond_what_is_shared_no_longer_tell_the_segment():
    vectors = clouds(3, SEGMENT, strength=1.5)
    shared = found(vectors)
    space = space_of(vectors[0], "notes")
    beyond = beyond_shared(space, shared.coordinates, np.random.default_rng(0))
    rng = np.random.default_rng(1)
    a, b = rng.integers(0, N, 20_000), rng.integers(0, N, 20_000)
    a, b = a[a != b], b[a != b]
    same = SEGMENT[a] == SEGMENT[b]

    def gap(ties: object) -> float:
        bits = ties.pair_bits(a, b)  # type: ignore[attr-defined]
        return float(bits[same].mean() - bits[~same].mean())

    assert gap(space) > 0.3
    assert abs(gap(beyond)) < 0.15 * gap(space)


def test_a_table_of_bits_beyond_what_is_shared_says_the_same_as_the_prediction():
    vectors = clouds(3, SEGMENT)
    shared = found(vectors)
    space = space_of(vectors[0], "notes")
    table = beyond_shared(space, shared.coordinates, np.random.default_rng(0))
    # a bank too large for a table has the prediction itself
    from_sketch = beyond_shared(_without_table(space), shared.coordinates, np.random.default_rng(0))
    a, b = np.arange(0, 100), np.arange(100, 200)
    assert isinstance(table, SpaceSource)
    assert not isinstance(from_sketch, SpaceSource)
    np.testing.assert_allclose(table.pair_bits(a, b), from_sketch.pair_bits(a, b), atol=0.3)


def _without_table(space: SpaceSource) -> SpaceSource:
    ids = np.array([f"c{i:05d}" for i in range(N)])
    return space_source(Embeddings("notes", ids, space.vectors, "m", "d"), ids, keep=N - 1, every_rank_up_to=10)


def test_a_direction_is_named_by_the_column_that_explains_it():
    shared = found(clouds(4, SEGMENT))
    customers = pl.DataFrame(
        {
            "customer_id": [f"c{i}" for i in range(N)],
            "city": ["Ankara" if each > 0 else "Berlin" for each in SEGMENT],
            "shoe": [str(each) for each in np.random.default_rng(0).integers(0, 40, N)],
        }
    )
    (told,) = named_directions(shared, customers)
    assert told["column"] == "city"
    assert told["explained"] > 0.5
    assert told["strength"] == pytest.approx(float(shared.strengths[0]))
    (untold,) = named_directions(shared, customers.drop("city"))
    assert (untold["column"], untold["explained"]) == ("", 0.0)
