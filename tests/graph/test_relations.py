"""Relations of transfers: a hub ties nobody, and rewiring keeps what each customer does."""

import numpy as np
import polars as pl
import pytest

from ringsight.graph.relations import (
    EVEN,
    TransferSource,
    rarity_of_relations,
    relations_of,
    transfer_source,
)
from ringsight.records.transfers import TRANSFERS

N = 60
IDS = np.array([f"c{number:03d}" for number in range(N)])


def transfers(*pairs: tuple[int, int], hours: float = 24.0) -> pl.DataFrame:
    """One transfer for each pair (sender, receiver), so many hours apart, of sums that grow."""
    rows = [
        (str(IDS[a]), str(IDS[b]), 1_700_000_000 + round(3_600 * hours * at), 100.0 + at, [f"T{at}"])
        for at, (a, b) in enumerate(pairs)
    ]
    table = pl.DataFrame(rows, schema=["sender", "receiver", "timestamp", "amount", "transaction_ids"], orient="row")
    return table.with_columns(pl.from_epoch("timestamp")).cast(pl.Schema(TRANSFERS))


def source_of(*pairs: tuple[int, int], strata: int = 1, hub: int = 50) -> TransferSource:
    customers = pl.DataFrame({"customer_id": IDS})
    source = transfer_source(transfers(*pairs), IDS.tolist(), customers, np.arange(N) % strata, hub)
    assert source is not None
    return source


def drawn(seed: int, count: int = 300) -> list[tuple[int, int]]:
    """Pairs of whom some customers are in many."""
    rng = np.random.default_rng(seed)
    popular = rng.lognormal(0, 1, N)
    ends = rng.choice(N, (4 * count, 2), p=popular / popular.sum())
    return [(int(a), int(b)) for a, b in ends if a != b][:count]


def test_transfers_of_one_pair_are_one_relation_in_their_order():
    relations = relations_of(transfers((1, 2), (2, 1), (1, 2), (0, 5)).sample(fraction=1, shuffle=True, seed=1), IDS)
    assert list(zip(relations.sender, relations.receiver, relations.times, strict=True)) == [
        (0, 5, 1),
        (1, 2, 2),
        (2, 1, 1),
    ]
    assert (np.diff(relations.moment[relations.start[1] : relations.start[2]]) > 0).all()


def test_a_hub_ties_less_than_a_friend():
    hub = [(number, 0) for number in range(2, 40)]
    source = source_of(*hub, (40, 41))
    by_hub, by_friend = source.pair_bits(np.array([2, 40]), np.array([0, 41]))
    assert by_friend > by_hub + 2
    assert source.pair_bits(np.array([41, 2]), np.array([40, 40])).tolist() == [by_friend, 0.0]
    assert source_of(*hub, (40, 41), hub=30).hubs.nonzero()[0].tolist() == [0]


def test_numbers_of_payers_are_shrunk_where_they_tell_nothing():
    ring = [(number, (number + 1) % 8) for number in range(8)]
    assert source_of(*ring).shrunk == EVEN
    uneven = [(number, number % 3) for number in range(3, N)]
    assert source_of(*uneven).shrunk < 1


@pytest.mark.parametrize("strata", [1, 3])
def test_rewiring_keeps_who_pays_how_many_in_which_strata(strata: int):
    source = source_of(*drawn(0), strata=strata)
    rewired = source.rewired(np.random.default_rng(1)).relations
    before = source.relations
    np.testing.assert_array_equal(rewired.pays, before.pays)
    assert (rewired.sender != rewired.receiver).all()

    def cells(sender: np.ndarray, receiver: np.ndarray) -> list[int]:
        return sorted((sender % strata * strata + receiver % strata).tolist())

    assert cells(rewired.sender, rewired.receiver) == cells(before.sender, before.receiver)
    kept = set(zip(before.sender.tolist(), before.receiver.tolist(), strict=True))
    moved = set(zip(rewired.sender.tolist(), rewired.receiver.tolist(), strict=True))
    assert len(moved - kept) > 0.7 * len(kept)


def test_rewiring_keeps_how_many_pay_each_customer_on_average():
    source = source_of(*drawn(0))
    mean = np.mean([source.rewired(np.random.default_rng(at)).relations.paid_by for at in range(200)], axis=0)
    expected = source.drawn_by * source.relations.count / source.drawn_by.sum()
    np.testing.assert_allclose(mean, expected, atol=0.7)
    assert np.corrcoef(mean, source.relations.paid_by)[0, 1] > 0.98


def test_a_world_is_the_same_each_time():
    source = source_of(*drawn(0))
    one, other = (source.rewired(np.random.default_rng(7)).relations for _ in range(2))
    np.testing.assert_array_equal(one.receiver, other.receiver)
    np.testing.assert_array_equal(one.sender, other.sender)


def test_one_relation_can_be_rewired_and_none_is_no_source():
    source = source_of((0, 1))
    assert source.rewired(np.random.default_rng(0)).relations.sender.tolist() == [0]
    customers = pl.DataFrame({"customer_id": IDS})
    assert transfer_source(transfers((0, 1)).head(0), [], customers, np.zeros(N, np.int64), 50) is None


def test_relations_are_rarer_the_fewer_are_expected_and_none_are_no_evidence():
    found = np.array([0, -1, 1, 1, 3])
    bits = rarity_of_relations(found, np.array([0.1, 0.1, 0.1, 0.01, 0.1]))
    assert bits[:2].tolist() == [0.0, 0.0]
    assert bits[2] == pytest.approx(-np.log2(1 - np.exp(-0.1)))
    assert bits[2] < bits[3] < bits[4]
