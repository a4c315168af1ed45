"""Groups among whom money moves: what is paid on in a circle is found, what honest people do is not flagged."""

from dataclasses import replace
from itertools import pairwise

import numpy as np
import polars as pl
import pytest
from simulated_bank import bank_of, flags, simulate
from transfer_worlds import Drawn, TransferWorld, draw_transfers

from ringsight.detection.agreement import calibrate
from ringsight.detection.candidates import Proposer, propose
from ringsight.detection.corroboration import Measured, as_observed, corroborate, own_agreement
from ringsight.detection.detect import _weighed, detect
from ringsight.detection.evidence import Evidence, gather_evidence
from ringsight.detection.groups import Groups
from ringsight.detection.guard import Unrated
from ringsight.detection.inside import FEWEST
from ringsight.detection.membership import Fits, Membership
from ringsight.detection.results import Results, SourceKind, SourceRole
from ringsight.detection.settings import CandidateConfig, DetectConfig
from ringsight.detection.shared_directions import ConditionalShuffle, SharedDirections, find_shared_directions
from ringsight.detection.transfer_groups import TransferGroups, find_transfer_groups, inflation
from ringsight.detection.transfer_shapes import Shape
from ringsight.detection.worlds import ChanceWorlds
from ringsight.graph.relations import TransferSource, transfer_source
from ringsight.graph.sources import Rows
from ringsight.records.bank import ColumnRole
from ringsight.records.transfers import transfers_between

SMALL = TransferWorld(customers=200, circles=1, chains=0, fans=0, clubs=4)
HONEST = replace(SMALL, circles=0)
QUICK = DetectConfig(permutations=60)


def source_of(drawn: Drawn) -> TransferSource:
    bank = drawn.bank
    owners = bank.transactions["customer_id"].unique().to_list()
    strata = np.unique(bank.customers["stratum"].to_numpy().astype(np.str_), return_inverse=True)[1]
    source = transfer_source(transfers_between(bank), owners, bank.customers, strata.astype(np.int64), 200)
    assert source is not None
    return source


@pytest.fixture(scope="module")
def circle() -> Drawn:
    return draw_transfers(SMALL, 3)


@pytest.fixture(scope="module")
def money(circle: Drawn) -> TransferGroups:
    return find_transfer_groups(source_of(circle), (3, 12), 0)


@pytest.fixture(scope="module")
def results(circle: Drawn) -> Results:
    return detect(circle.bank, {}, QUICK, 0)


def test_a_circle_is_flagged_and_nobody_else(circle: Drawn, results: Results):
    ((_, ring),) = circle.planted
    (flag,) = flags(results)
    assert 2 * len(flag & ring) >= max(len(flag), len(ring))


def test_with_transfers_alone_no_rate_is_stated(results: Results):
    assert results.summary["unrated"] is Unrated.one_kind
    assert not results.summary["rate_stated"]
    assert results.rings["adjusted_q_value"].null_count() == len(results.rings) > 0


def test_the_tables_tell_of_transfers(circle: Drawn, results: Results):
    ring_id = results.rings.filter("flagged")["ring_id"][0]
    ((source, kind, modality, role),) = (
        results.agreement.filter(pl.col("ring_id") == ring_id).select("source", "kind", "modality", "role").iter_rows()
    )
    assert (source, kind, modality, role) == ("transfers", SourceKind.transfers, "transactions", SourceRole.proposed)
    links = results.links.filter(pl.col("ring_id") == ring_id)
    assert (links["bits"] > 0).all()
    assert len(links) >= len(results.members_of(ring_id)) - 1
    fits = results.members.filter(pl.col("ring_id") == ring_id)
    assert fits.filter(pl.col("p_value") < 0.05).height > 0.6 * fits.height
    told = results.summary["between_customers"]
    assert told["transfers"] == len(transfers_between(circle.bank))


def _judged_members(evidence: Evidence, members: Rows) -> Fits:
    """How well members of a circle of transfers fit."""
    nothing = SharedDirections((), np.zeros(0), 0.0)
    membership = Membership(evidence, Measured((), []), ConditionalShuffle(nothing, []), QUICK)
    return membership.members(Proposer("circle", "transactions", shape=Shape.onward.value), members)


def test_a_circle_is_flagged_where_nobody_else_sends_a_customer_money():
    """A null that kept who is paid at all would send every payment back into the circle."""
    ids = [f"c{number:03d}" for number in range(120)]
    rows = [
        (f"T{week}-{at}", ids[7 * at], ids[7 * ((at + 1) % 8)], -2000.0 + 13 * week + 7 * at, 24 * 7 * week + at)
        for week in range(14)
        for at in range(8)
    ]
    rows += [(f"S{number}", name, "shop", -30.0 - number, 20 * number) for number, name in enumerate(ids)]
    columns = ["transaction_id", "customer_id", "counterparty_id", "amount", "hours"]
    begin = pl.datetime(2026, 3, 10, time_unit="us")
    made = pl.DataFrame(rows, schema=columns, orient="row")
    table = made.select(pl.exclude("hours"), timestamp=begin + pl.duration(hours="hours"))
    bank = bank_of(pl.DataFrame({"customer_id": ids, "stratum": "rest"})).with_records(transactions=table)
    results = detect(bank, {}, QUICK, 0)
    assert flags(results) == [{ids[7 * at] for at in range(8)}]
    devices = pl.Series("device", [f"device {number // 2}" for number in range(120)])
    shared = replace(bank, customers=bank.customers.with_columns(devices), roles={"device": ColumnRole.evidence})
    evidence, _ = _weighed(shared, {}, QUICK, 0)
    fits = _judged_members(evidence, np.arange(0, 56, 7))
    assert (fits.across == 0).all(), "nobody of them shares a device with another"
    assert (fits.p_values <= 1 / 100).all(), "and that says nothing against them"


@pytest.mark.slow
def test_honest_banks_have_no_flags():
    """Of couples, families, wages, rents, shops and clubs."""
    assert sum(len(flags(detect(draw_transfers(HONEST, seed).bank, {}, QUICK, seed))) for seed in range(8)) <= 1


def test_the_strongest_groups_of_a_shape_do_not_overlap_and_tell_the_same_again(circle: Drawn, money: TransferGroups):
    for shape, groups in money.groups.items():
        assert np.unique(groups.members).size == groups.members.size
        assert ((groups.sizes >= 3) & (groups.sizes <= 12)).all()
        told = money.observed.told(shape, groups)
        assert (told.second <= told.full).all()
        assert (np.diff(told.full) <= 0).all()
    onward = money.groups[Shape.onward]
    ((_, ring),) = circle.planted
    rows = np.flatnonzero(circle.bank.customers["customer_id"].is_in(list(ring)).to_numpy())
    assert np.isin(rows, onward[0]).mean() > 0.6


def test_a_group_without_relations_or_of_one_tells_nothing(money: TransferGroups):
    relations = money.observed.relations
    alone = np.flatnonzero(relations.pays + relations.paid_by == 0)[:1]
    for shape in Shape:
        told = money.observed.told(shape, Groups.of([np.array([0]), alone, np.zeros(0, dtype=np.int64)]))
        assert not told.full.any()
        assert money.observed.told(shape, Groups.of([])).full.shape == (0,)


def test_a_pair_and_a_stranger_tell_nothing_by_second_ties(money: TransferGroups):
    source = money.observed.source
    a, b = source.relations.sender[0], source.relations.receiver[0]
    others = np.setdiff1d(np.arange(200), np.union1d(source.partners(np.array([a, b])), [a, b]))
    groups = Groups.of([np.sort(np.array([a, b, others[0]]))])
    for shape in Shape:
        assert money.observed.told(shape, groups).second.tolist() == [0.0]


def test_honest_groups_that_are_stronger_throughout_make_all_weaker_and_weaker_ones_nothing():
    shown = np.sort(np.random.default_rng(0).exponential(5, 4000))
    honest = np.sort(np.random.default_rng(1).exponential(5, 400))
    assert 1 <= inflation(honest, shown) < 1.4
    assert inflation(3 * honest, shown) == pytest.approx(3 * inflation(honest, shown), rel=0.2)
    assert inflation(0.1 * honest, shown) == 1.0
    assert inflation(9 * honest[: FEWEST - 1], shown) == 1.0
    assert inflation(np.r_[honest, np.full(40, 500.0)], shown) < 1.7


@pytest.fixture(scope="module")
def evidence() -> Evidence:
    """Three modalities, a ring of whom three are tied in images and notes, and transfers among it and at random."""
    simulation = simulate(2, customers=150, rings=1)
    ids = simulation.bank.customers["customer_id"].to_list()
    rng = np.random.default_rng(0)
    ring = sorted(simulation.rings[0])
    pairs = [(a, b) for a, b in rng.choice(ids, (150, 2)) if a != b]
    pairs += list(pairwise(ring))
    table = pl.DataFrame(
        {
            "transaction_id": [f"T{number}" for number in range(len(pairs))],
            "customer_id": [str(a) for a, _ in pairs],
            "counterparty_id": [str(b) for _, b in pairs],
            "amount": -50.0,
        }
    ).with_columns(timestamp=pl.datetime(2026, 1, 1) + pl.duration(hours=pl.int_range(pl.len())))
    bank = simulation.bank.with_records(transactions=table)
    source = transfer_source(transfers_between(bank), ids, bank.customers, np.zeros(150, dtype=np.int64), 200)
    return gather_evidence(bank.customers, simulation.embeddings, [], CandidateConfig(neighbours=10), 0, source)


def test_transfers_corroborate_other_modalities_and_not_their_own(evidence: Evidence):
    measured = Measured(evidence.spaces, [calibrate(space, 0) for space in evidence.spaces])
    assert evidence.transfers is not None
    money = find_transfer_groups(evidence.transfers, (3, 12), 0)
    candidates = money.added(propose(evidence, CandidateConfig(neighbours=10)))
    found = corroborate(evidence, candidates, measured, as_observed(evidence))
    own = own_agreement(evidence, candidates, measured)
    modality = np.array([candidates.proposers[each].modality for each in candidates.proposer])
    by_shape = np.array([bool(candidates.proposers[each].shape) for each in candidates.proposer])
    counted = modality != "transactions"
    assert (found.by_source[~counted, -1] == 0).all()
    assert found.by_source[counted, -1].any()
    assert (own[counted, -1] == 0).all()
    transactions = [space.name for space in evidence.spaces].index("transactions")
    assert by_shape.any()
    assert (found.by_source[by_shape, transactions] == 0).all()
    assert found.by_source[by_shape].any()


def test_in_chance_worlds_transfers_go_with_transactions_and_move_on_their_own_where_they_are_alone(evidence: Evidence):
    def worlds(some: Evidence) -> ChanceWorlds:
        cells = [some.cells_of(modality) for modality in some.modalities]
        blocks = [np.zeros((some.customers, 0)) for _ in some.modalities]
        shared = find_shared_directions(blocks, cells, 0.01, np.random.default_rng(0))
        return ChanceWorlds(some, ConditionalShuffle(shared, cells))

    owners = worlds(evidence).owners(0)
    assert owners.modalities.keys() == {"id_images", "notes", "transactions"}
    alone = replace(evidence, spaces=tuple(space for space in evidence.spaces if space.modality == "notes"))
    assert alone.transfers_alone
    moved = worlds(alone).owners(0).modalities["transactions"]
    assert sorted(moved.tolist()) == list(range(150))
    assert (moved != np.arange(150)).any()
    assert worlds(alone).owners(0).modalities.keys() == as_observed(alone).modalities.keys()


def test_a_circle_of_one_household_is_explained_by_its_address(circle: Drawn):
    ((_, ring),) = circle.planted
    ids = circle.bank.customers["customer_id"]
    address = pl.Series("address", ["home" if name in ring else f"of {name}" for name in ids])
    customers = circle.bank.customers.with_columns(address)
    bank = replace(circle.bank, customers=customers, roles={"address": ColumnRole.innocent})
    results = detect(bank, {}, QUICK, 0)
    assert flags(results) == []
    assert "address" in results.rings["explanation"].to_list()
