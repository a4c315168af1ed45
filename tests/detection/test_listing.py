"""The list: what is on it, what leaves it before the rate is worked out, and what is never a ring."""

from dataclasses import replace
from typing import Any

import numpy as np
import polars as pl
import pytest
from made_judge import CUSTOMERS, WORLDS, Stated, made_judge
from simulated_bank import MODALITIES, Simulation, bank_of, flags, found, simulate

from ringsight.detection.conditions import Condition, ConditionKind
from ringsight.detection.detect import detect
from ringsight.detection.listing import Conditional, Listing
from ringsight.detection.settings import DetectConfig
from ringsight.records.bank import ColumnRole
from ringsight.records.embeddings import Embeddings

QUICK = DetectConfig(permutations=40)


def planted_on(
    simulation: Simulation, groups: list[list[int]], noise: float, *modalities: str
) -> dict[str, Embeddings]:
    """The embeddings, with some customers drawn together in some modalities."""
    rng = np.random.default_rng(5)
    changed = dict(simulation.embeddings)
    for name in modalities:
        vectors = np.array(changed[name].vectors)
        for members in groups:
            drawn = rng.normal(size=vectors.shape[1]) + noise * rng.normal(size=(len(members), vectors.shape[1]))
            vectors[members] = drawn / np.linalg.norm(drawn, axis=1, keepdims=True)
        changed[name] = replace(changed[name], vectors=vectors)
    return changed


@pytest.mark.slow
def test_a_held_ring_leaves_before_the_rate_of_the_others_is_worked_out():
    simulation = simulate(1, customers=240, rings=3, tied=3)
    ids = simulation.bank.customer_ids.tolist()
    own = [("shared" if customer in simulation.rings[1] else f"own {customer}") for customer in ids]
    customers = simulation.bank.customers.with_columns(nationality=pl.Series(own))
    bank = bank_of(customers, {"nationality": ColumnRole.protected})
    rates = {}
    for block in (True, False):
        results = detect(bank, simulation.embeddings, replace(QUICK, block_proxies=block), seed=0)
        assert results.summary["held"] == 1
        others = results.rings.filter(pl.col("held") == "")
        rates[block] = dict(others.select("ring_id", "adjusted_q_value").iter_rows())
    assert rates[True].keys() == rates[False].keys()
    assert all(rates[True][ring] >= rates[False][ring] for ring in rates[True])
    # two rings instead of three share the least that so few chance worlds can show
    assert min(rates[True].values()) == pytest.approx(1.5 * min(rates[False].values()))


@pytest.mark.slow
def test_customers_on_file_twice_are_pairs_and_seldom_in_a_ring():
    accused = strangers = 0
    for seed in range(4):
        simulation = simulate(seed, rings=0)
        twice = np.random.default_rng(seed).permutation(300)[:24].reshape(-1, 2).tolist()
        results = detect(simulation.bank, planted_on(simulation, twice, 0.2, *MODALITIES), QUICK, seed=0)
        ids = simulation.bank.customer_ids
        accused += any(len(set(ids[pair].tolist()) & flag) for pair in twice for flag in flags(results))
        real = {tuple(sorted(ids[pair].tolist())) for pair in twice}
        listed = set(results.pairs.select("customer_a", "customer_b").iter_rows())
        assert len(real & listed) >= 10
        strangers += len(listed - real)
        assert results.summary["alike_pairs"] == len(listed)
        assert results.pairs["q_value"].to_numpy().max() <= QUICK.fdr
    assert strangers <= 4  # one a bank
    assert accused <= 1  # where a stranger happens to be near both, they pass as three


@pytest.mark.slow
def test_a_group_that_agrees_as_a_ring_and_is_too_large_for_one_is_a_community():
    simulation = simulate(0, rings=1)
    ids = simulation.bank.customer_ids
    outside = [row for row, customer in enumerate(ids.tolist()) if customer not in simulation.rings[0]]
    club = np.random.default_rng(14).permutation(outside)[:14].tolist()
    results = detect(simulation.bank, planted_on(simulation, [club], 0.4, "notes", "transactions"), QUICK, seed=0)
    assert not any(len(set(ids[club].tolist()) & flag) >= 3 for flag in flags(results))
    members = results.community_members.group_by("community_id").agg("customer_id")["customer_id"].to_list()
    assert found(set(ids[club].tolist()), [set(group) for group in members])
    assert results.summary["communities"] == len(results.communities) == len(members)
    assert (results.communities["size"] > QUICK.largest).any()


@pytest.mark.slow
def test_a_bank_that_calls_larger_groups_rings_gets_them():
    simulation = simulate(0, rings=0)
    club = np.random.default_rng(2).permutation(300)[:14].tolist()
    embeddings = planted_on(simulation, [club], 0.4, "notes", "transactions")
    results = detect(simulation.bank, embeddings, replace(QUICK, largest=30), seed=0)
    assert found(set(simulation.bank.customer_ids[club].tolist()), flags(results))


def test_where_every_customer_is_a_stratum_of_its_own_nothing_can_be_told():
    simulation = simulate(0, customers=90)
    customers = simulation.bank.customers.with_columns(stratum=pl.col("customer_id"))
    results = detect(bank_of(customers), simulation.embeddings, QUICK, seed=0)
    assert not results.rings["flagged"].any()


# --- rings whose bits are stated by hand ------------------------------------------------------------------------------

TOTAL = {"A": 10.0, "B": 15.0, "C": 7.6, "D": 17.0, "E": 16.0, "F": 16.0, "G": 12.0, "H": 3.0, "I": 0.5}
"""Bits of corroboration of each ring; chance shows one of 6 bits in every world, and one of 2.5."""
RATE = 1 / (1 + WORLDS)
"""What the best rings share: of those that no world shows."""


def members_of(ring: str) -> np.ndarray:
    first = 10 * "ABCDEFGHI".index(ring)
    return np.arange(first, first + 4)


def shared_by(ring: str, name: str, kind: ConditionKind) -> Condition:
    """A column in which the members of one ring have a value in common."""
    codes = np.where(np.isin(np.arange(CUSTOMERS), members_of(ring)), 0, -1)
    names = ["Jon Smith" if code == 0 else "" for code in codes] if name == "name" else ()
    return Condition(kind, name, codes, [f"{name} of {ring}"], names)


def listing_of(block_proxies: bool = True) -> Listing:
    conditions = [
        shared_by("E", "address", ConditionKind.innocent),
        shared_by("F", "name", ConditionKind.protected),
        shared_by("D", "nationality", ConditionKind.protected),
        shared_by("D", "sex", ConditionKind.protected),
    ]
    stated = Stated(
        groups=[members_of(ring).tolist() for ring in TOTAL],
        bits=[[5, 5], [3.5, 4, 5, 2.5], [1.9] * 4, [9, 8], [8, 8], [0, 8, 0, 8], [6, 6], [3], [0.5]],
        second=[1.0 if ring == "G" else bits for ring, bits in TOTAL.items()],
        chance=[6.0, 2.5],
        conditions=conditions,
        left={("address", 40): 1.0, ("address", 0): 9.0, ("address", 70): 2.9}
        | {("nationality", 40): 1.0, ("name", 50): 0.0}
        | {("nationality", 30): 2.0, ("sex", 30): 3.0},
        mates={10: [15, 14]},
        config=DetectConfig(block_proxies=block_proxies),
    )
    judge = made_judge(stated)
    return Listing(judge, judge.settled[0])


@pytest.fixture
def stated() -> Listing:
    """Made anew for each test: what it works out it keeps, and a test would not notice what another has worked out."""
    return listing_of()


def ring_names(listing: Listing) -> list[str]:
    return ["ABCDEFGHI"[candidate] for candidate in listing.rings]


def by_ring(listing: Listing, values: np.ndarray | list[str]) -> dict[str, Any]:
    return dict(zip(ring_names(listing), list(values), strict=True))


def told(listing: Listing, ring: str, *kinds: ConditionKind) -> list[Conditional]:
    number = ring_names(listing).index(ring)
    return [each for each in listing.conditionals if each.ring == number and each.kind in kinds]


def test_the_best_of_what_is_left_comes_first(stated: Listing):
    assert "".join(ring_names(stated)) == "DFBGACHEI"


def test_rates_of_rings_explained_or_not(stated: Listing):
    rates = by_ring(stated, stated.q_values)
    assert [rates[ring] for ring in "ABCDEFG"] == pytest.approx([RATE / 7] * 7)
    assert rates["H"] == pytest.approx(1 / 8)
    assert rates["I"] == pytest.approx((1 + 2 * WORLDS) / (1 + WORLDS) / 9)


@pytest.mark.parametrize("block", [True, False])
def test_rates_of_rings_by_what_is_left_of_them(block: bool):
    listing = listing_of(block)
    rates = by_ring(listing, listing.adjusted_q_values)
    on_the_list = 4 if block else 5  # the ring that is held shares nothing with the others, and is told its own rate
    assert [rates[ring] for ring in "ABCF"] == pytest.approx([RATE / on_the_list] * 4)
    assert rates["D"] == pytest.approx(RATE / 5)
    assert rates["G"] > 0.2  # alike but for a pair
    assert rates["H"] == pytest.approx(1 / (on_the_list + 1))
    assert (rates["E"], rates["I"]) == (1.0, 1.0)  # they do not contend
    flagged = by_ring(listing, listing.flagged)
    assert "".join(sorted(ring for ring, flag in flagged.items() if flag)) == ("ABCF" if block else "ABCDF")


def test_the_protected_column_that_leaves_least_holds_a_ring(stated: Listing):
    held = by_ring(stated, stated.held)
    assert held["D"] == "nationality"  # the name leaves less of another, who is perhaps one person
    assert {ring for ring, column in held.items() if column} == {"D"}  # what is explained is not held as well
    assert stated.listed.tolist() == [column == "" for column in stated.held]
    assert listing_of(block_proxies=False).listed.all()


def test_what_an_innocent_column_leaves_too_little_of_is_explained_by_it(stated: Listing):
    explanations = by_ring(stated, stated.explanations)
    assert explanations["E"] == "address"
    # of A enough is left, and H would not be on the list anyway
    assert {ring for ring, column in explanations.items() if column} == {"E"}


def test_whatever_would_be_on_the_list_is_told_given_every_column(stated: Listing):
    names = ring_names(stated)
    assert {names[each.ring] for each in stated.conditionals} == set("ABCDEF")
    assert "".join(np.array(names)[stated.unexplained]) == "DFBACE"
    columns = told(stated, "D", ConditionKind.innocent, ConditionKind.protected)
    assert [(each.name, each.value, each.carriers, each.bits) for each in columns] == [
        ("address", "", 0, 17.0),
        ("name", "", 0, 17.0),
        ("nationality", "nationality of D", 4, 2.0),
        ("sex", "sex of D", 4, 3.0),
    ]
    assert [each.decisive for each in columns] == [False, False, True, True]
    assert columns[0].q_value == pytest.approx(RATE / 5)
    assert columns[2].q_value > columns[3].q_value == pytest.approx(1 / 6)
    given_nothing = stated.scores[names.index("D")]
    assert [given_nothing - each.score for each in columns] == pytest.approx([0.0, 0.0, 15.0, 14.0])


def test_who_is_perhaps_one_person_is_told_with_all_that_the_name_does_not_excuse(stated: Listing):
    (one,) = told(stated, "F", ConditionKind.one_person)
    assert (one.name, one.value, one.carriers, one.bits, one.decisive) == ("name", "", 4, 16.0, False)
    assert one.score == stated.scores[one.ring]
    assert stated.one_person == {(one.ring, "name"): 4}
    (name,) = (each for each in told(stated, "F", ConditionKind.protected) if each.name == "name")
    assert (name.bits, name.decisive) == (0.0, True)
    assert not told(stated, "D", ConditionKind.one_person)


def test_without_each_source_that_ties_a_ring(stated: Listing):
    for ring, expected in {
        "A": {"device": (0.0, True), "phone": (5.0, True), "email": (5.0, True)},
        "B": {
            "device": (0.0, True),
            "phone": (11.5, False),
            "email": (11.0, False),
            "card": (10.0, False),
            "photo": (12.5, False),
        },
    }.items():
        rows = told(stated, ring, ConditionKind.without)
        assert [each.name for each in rows] == list(expected)
        assert [(each.value, each.carriers) for each in rows] == [("", 0)] * len(rows)
        np.testing.assert_allclose([each.bits for each in rows], [bits for bits, _ in expected.values()])
        assert [each.decisive for each in rows] == [decisive for _, decisive in expected.values()]


@pytest.mark.parametrize(
    ("ring", "fewest", "bits"),
    [
        ("A", "device + phone + email", 10.0),
        ("B", "device + email + card", 9.0),  # the best of the five pairs that suffice
        ("D", "device + phone", 9.0),
        ("F", "device + photo", 8.0),  # of equals the last by name
    ],
)
def test_the_fewest_sources_that_suffice(stated: Listing, ring: str, fewest: str, bits: float):
    (only,) = told(stated, ring, ConditionKind.only)
    assert (only.name, only.value, only.carriers, only.decisive) == (fewest, "", 0, False)
    assert only.bits == pytest.approx(bits)


def test_where_three_sources_do_not_suffice_none_are_told(stated: Listing):
    assert len(told(stated, "C", ConditionKind.without)) == 5
    assert not told(stated, "C", ConditionKind.only)


def test_of_each_ring_flagged_or_held_it_is_told_who_fits(stated: Listing):
    members = {ring_names(stated)[number]: each for number, each in stated.members.items()}
    assert set(members) == set("ABCDF")
    assert members["B"].perhaps.tolist() == [14, 15]
    assert members["B"].perhaps_fits.inside.tolist() == [10.0] * 2
    assert members["B"].fits.inside.tolist() == [10.0] * 4
    assert len(members["A"].perhaps) == len(members["A"].perhaps_fits.across) == 0


def test_no_rings_have_no_rates():
    judge = made_judge(Stated(groups=[], bits=[]))
    listing = Listing(judge, judge.settled[0])
    for nothing in (listing.q_values, listing.adjusted_q_values, listing.flagged, listing.unexplained, listing.listed):
        assert len(nothing) == 0
    assert (listing.held, listing.explanations, listing.conditionals, listing.members) == ([], [], [], {})


def test_a_chance_that_shows_no_ring_adds_none():
    judge = made_judge(Stated(groups=[[0, 1, 2]] * 16, bits=[[0.0]] * 16))  # none of them stands out at all
    listing = Listing(judge, np.arange(16))
    assert len(listing.chance.scores) == len(listing.second_chance.scores) == 0
    assert listing.chance.worlds == WORLDS
