"""Verdicts: what is set aside as innocent, what is held, and what would be left of a ring without a trace."""

from dataclasses import replace
from typing import Any

import numpy as np
import polars as pl
import pytest
from made_judge import CUSTOMERS, WORLDS, Stated, made_judge
from simulated_bank import MODALITIES, Simulation, bank_of, flags, found, simulate

from ringsight.detection.conditions import Condition, ConditionKind
from ringsight.detection.detect import detect
from ringsight.detection.judge import BATCH
from ringsight.detection.listing import Listing
from ringsight.detection.results import Results
from ringsight.detection.settings import DetectConfig
from ringsight.records.bank import Bank, ColumnRole
from ringsight.records.embeddings import Embeddings

QUICK = DetectConfig(permutations=40)
TRUSTING = DetectConfig(permutations=40, tail_bits=12)
"""Of a bank that takes one modality's word for it."""
ROLES = {"address": ColumnRole.innocent, "employer": ColumnRole.innocent, "nationality": ColumnRole.protected}


def shared(simulation: Simulation, values: dict[int, str]) -> list[str | None]:
    """A column in which the members of some planted rings share a value, and everybody else has one of their own."""
    of = {customer: value for ring, value in values.items() for customer in simulation.rings[ring]}
    return [of.get(customer, f"own {customer}") for customer in simulation.bank.customer_ids.tolist()]


@pytest.fixture(scope="module")
def planted() -> Simulation:
    """Three rings, tied in all modalities."""
    return simulate(1, customers=240, rings=3, tied=3)


@pytest.fixture(scope="module")
def bank(planted: Simulation) -> Bank:
    """The first ring is a household, the second of one nationality, the third nothing of the kind; a large employer."""
    columns = {
        "address": shared(planted, {0: "1 High Street"}),
        "nationality": shared(planted, {1: "Norse"}),
        "employer": ["works"] * 120 + [None] * 120,
    }
    return bank_of(planted.bank.customers.with_columns(**{k: pl.Series(v) for k, v in columns.items()}), ROLES)


@pytest.fixture(scope="module")
def results(bank: Bank, planted: Simulation) -> Results:
    return detect(bank, planted.embeddings, QUICK, seed=0)


def row_of(results: Results, ring: set[str]) -> dict[str, Any]:
    """The row of the ring found that has most of a planted one."""
    (row,) = [
        row
        for row in results.rings.iter_rows(named=True)
        if found(ring, [set(results.members_of(str(row["ring_id"])))])
    ]
    return row


def given(results: Results, ring: set[str], name: str) -> dict[str, Any]:
    rows = results.conditions.filter(
        (pl.col("ring_id") == row_of(results, ring)["ring_id"]) & (pl.col("name") == name) & (pl.col("kind") != "only")
    )
    (row,) = rows.iter_rows(named=True)
    return row


def without(embeddings: dict[str, Embeddings], *names: str) -> dict[str, Embeddings]:
    return {name: space for name, space in embeddings.items() if name not in names}


def test_a_household_is_set_aside_and_a_ring_beside_it_stays(planted: Simulation, results: Results):
    household, ring = row_of(results, planted.rings[0]), row_of(results, planted.rings[2])
    assert (household["explanation"], household["flagged"]) == ("address", False)
    assert household["q_value"] <= QUICK.fdr < household["adjusted_q_value"]
    assert household["adjusted_score"] < household["score"]
    assert (ring["explanation"], ring["held"], ring["flagged"]) == ("", "", True)
    assert results.summary["explained"] == 1


def test_what_explains_is_told_with_its_value_and_its_carriers(planted: Simulation, results: Results):
    # the household is reported though it is no longer on the list
    condition = given(results, planted.rings[0], "address")
    assert (condition["kind"], condition["value"], condition["carriers"]) == ("innocent", "1 High Street", 6)
    assert condition["decisive"]
    assert condition["bits"] == pytest.approx(0, abs=1.0)
    assert given(results, planted.rings[2], "address")["carriers"] == 1


@pytest.mark.slow
def test_a_ring_that_a_protected_column_explains_is_held_until_a_person_has_looked(
    planted: Simulation, bank: Bank, results: Results
):
    held = row_of(results, planted.rings[1])
    assert (held["held"], held["flagged"], held["explanation"]) == ("nationality", False, "")
    assert held["adjusted_q_value"] <= QUICK.fdr
    assert results.summary["held"] == 1
    unblocked = detect(bank, planted.embeddings, replace(QUICK, block_proxies=False), seed=0)
    told = row_of(unblocked, planted.rings[1])
    assert (told["held"], told["flagged"]) == ("nationality", True)
    assert unblocked.conditions.equals(results.conditions)


def test_flags_are_what_is_on_the_list_and_not_held(results: Results):
    rings = results.rings
    assert (rings["flagged"] == (rings["adjusted_q_value"] <= QUICK.fdr) & (rings["held"] == "")).all()
    assert (rings["adjusted_score"] <= rings["score"]).all()
    assert set(rings.filter(pl.col("held") != "")["explanation"]) == {""}
    aside = rings.filter(pl.col("explanation") != "")
    assert not aside["flagged"].any()


def test_agreement_that_was_not_proposed_adds_up_to_the_corroboration(results: Results):
    sums = dict(
        results.agreement.filter(pl.col("role") == "across").group_by("ring_id").agg(pl.col("bits").sum()).iter_rows()
    )
    proposed = results.agreement.filter(pl.col("role") == "proposed")
    assert sorted(proposed["ring_id"]) == sorted(results.rings["ring_id"])
    proposer = dict(results.rings.select("ring_id", "proposer").iter_rows())
    for row in proposed.iter_rows(named=True):
        assert proposer[row["ring_id"]] == row["source"]
    inside = dict(results.rings.select("ring_id", "inside_score").iter_rows())
    untouched = results.conditions.filter((pl.col("kind") == "innocent") & (pl.col("carriers") <= 1))
    assert len(untouched)
    for row in untouched.iter_rows(named=True):
        assert row["bits"] == pytest.approx(sums[row["ring_id"]] + inside[row["ring_id"]])
    sizes = dict(results.rings.select("ring_id", "size").iter_rows())
    for row in results.agreement.iter_rows(named=True):
        assert (row["kind"], row["modality"]) == ("space", row["source"])
        assert row["members"] == sizes[row["ring_id"]]  # nobody lacks anything in this bank


def test_no_condition_leaves_more_than_there_was(results: Results):
    scores = dict(results.rings.select("ring_id", "score").iter_rows())
    for row in results.conditions.iter_rows(named=True):
        assert row["score"] <= scores[row["ring_id"]] + 1e-9
        assert row["decisive"] == (row["q_value"] > QUICK.fdr)
        assert 0 <= row["q_value"] <= 1
    told = results.conditions.group_by("ring_id", "kind", "name").len()
    assert told["len"].max() == 1


def test_every_ring_within_reach_is_told_given_every_column_and_without_every_trace(results: Results):
    within = set(
        results.rings.filter((pl.col("adjusted_q_value") <= QUICK.fdr) | (pl.col("explanation") != ""))["ring_id"]
    )
    assert set(results.conditions["ring_id"]) == within
    for ring in within:
        rows = results.conditions.filter(pl.col("ring_id") == ring)
        assert set(rows.filter(pl.col("kind").is_in(["innocent", "protected"]))["name"]) == set(ROLES)
        assert set(rows.filter(pl.col("kind") == "without")["name"]) <= set(MODALITIES)


@pytest.mark.slow
@pytest.mark.parametrize("tied", [2, 3])
def test_where_a_ring_survives_without_a_trace_it_is_flagged_in_a_bank_without_it(tied: int):
    simulation = simulate(11, rings=3, tied=tied)
    whole = detect(simulation.bank, simulation.embeddings, QUICK, seed=0)
    survived = fallen = 0
    for name in MODALITIES:
        brute = flags(detect(simulation.bank, without(simulation.embeddings, name), QUICK, seed=0))
        rows = whole.conditions.filter((pl.col("kind") == "without") & (pl.col("name") == name))
        for row in rows.iter_rows(named=True):
            assert row["decisive"] or found(set(whole.members_of(str(row["ring_id"]))), brute)
            fallen += row["decisive"]
            survived += not row["decisive"]
    # tied by two traces, a ring falls without one of them at least; tied by three, it may stand without each
    assert survived >= (1 if tied == 2 else 6)
    assert fallen >= (3 if tied == 2 else 0)


@pytest.mark.slow
def test_the_fewest_traces_that_suffice_do_suffice():
    simulation = simulate(13, customers=120, rings=2, tied=3)
    whole = detect(simulation.bank, simulation.embeddings, QUICK, seed=0)
    rows = whole.conditions.filter(pl.col("kind") == "only")
    assert len(rows) == whole.rings["flagged"].sum()
    for row in rows.iter_rows(named=True):
        kept = str(row["name"]).split(" + ")
        assert set(kept) <= set(MODALITIES)
        assert not row["decisive"]
        left_out = [name for name in MODALITIES if name not in kept]
        brute = detect(simulation.bank, without(simulation.embeddings, *left_out), QUICK, seed=0)
        assert found(set(whole.members_of(str(row["ring_id"]))), flags(brute))


def one_picture(simulation: Simulation, size: int) -> tuple[dict[str, Embeddings], set[str]]:
    """The same image on so many accounts that have nothing else in common."""
    space = simulation.embeddings["id_images"]
    vectors = np.array(space.vectors)
    accounts = np.random.default_rng(9).choice(len(vectors), size, replace=False)
    vectors[accounts] = vectors[accounts[0]]
    same = replace(space, vectors=vectors)
    return simulation.embeddings | {"id_images": same}, set(space.customer_ids[accounts].tolist())


@pytest.mark.slow
def test_one_picture_on_some_accounts_is_flagged_on_one_modality_alone_if_the_bank_says_so():
    simulation = simulate(3, customers=150, rings=0)
    embeddings, accounts = one_picture(simulation, 12)
    results = detect(simulation.bank, embeddings, TRUSTING, seed=0)
    row = row_of(results, accounts)
    assert (row["basis"], row["proposer"], row["flagged"]) == ("inside", "id_images", True)
    assert row["inside_score"] > 8
    assert 0 < row["p_value"] < 0.01
    assert results.summary["flagged_by_basis"]["inside"] >= 1
    # it stays without any other trace, and falls with the picture
    assert not given(results, accounts, "notes")["decisive"] if _has(results, row, "notes") else True
    assert given(results, accounts, "id_images")["decisive"]
    # by default honest clumps of one modality may be so tight: it is shown, and not flagged
    cautious = row_of(detect(simulation.bank, embeddings, QUICK, seed=0), accounts)
    assert (cautious["basis"], cautious["flagged"]) == ("inside", False)


@pytest.mark.slow
def test_one_picture_on_more_accounts_than_a_ring_has_is_listed_among_the_communities():
    simulation = simulate(3, customers=150, rings=0)
    embeddings, accounts = one_picture(simulation, 40)
    results = detect(simulation.bank, embeddings, TRUSTING, seed=0)
    listed = results.community_members.group_by("community_id").agg("customer_id")
    assert accounts in [set(members) for members in listed["customer_id"]]
    assert not results.rings["flagged"].any()


def _has(results: Results, row: dict[str, object], name: str) -> bool:
    rows = results.conditions.filter((pl.col("ring_id") == row["ring_id"]) & (pl.col("kind") == "without"))
    return name in rows["name"]


@pytest.mark.parametrize(("carriers", "explained"), [(0, False), (5, False), (7, True), (12, True)])
@pytest.mark.slow
def test_a_picture_is_explained_where_half_of_its_accounts_share_a_rare_value(carriers: int, explained: bool):
    simulation = simulate(3, customers=150, rings=0)
    embeddings, accounts = one_picture(simulation, 12)
    booth = set(sorted(accounts)[:carriers])
    branch = ["booth" if customer in booth else f"b{customer}" for customer in simulation.bank.customer_ids.tolist()]
    customers = simulation.bank.customers.with_columns(branch=pl.Series(branch), sex=pl.Series(branch))
    innocent = detect(bank_of(customers, {"branch": ColumnRole.innocent}), embeddings, TRUSTING, seed=0)
    assert found(accounts, flags(innocent)) != explained
    protected = row_of(
        detect(bank_of(customers, {"sex": ColumnRole.protected}), embeddings, TRUSTING, seed=0), accounts
    )
    assert (protected["held"], protected["flagged"]) == (("sex", False) if explained else ("", True))


@pytest.mark.slow
def test_a_common_value_explains_no_picture():
    simulation = simulate(3, customers=150, rings=0)
    embeddings, accounts = one_picture(simulation, 12)
    customers = simulation.bank.customers.with_columns(branch=pl.lit("the only one"))
    row = row_of(detect(bank_of(customers, {"branch": ColumnRole.innocent}), embeddings, TRUSTING, seed=0), accounts)
    assert (row["explanation"], row["flagged"]) == ("", True)


@pytest.mark.slow
def test_evidence_shared_by_an_innocent_circle_is_explained_with_the_rest():
    # a household that shares a device as well: the device changes hands along with everything else
    simulation = simulate(3, customers=150, rings=2, tied=2)
    device, address = shared(simulation, {0: "d0", 1: "d1"}), shared(simulation, {0: "home"})
    customers = simulation.bank.customers.with_columns(device=pl.Series(device), address=pl.Series(address))
    bank = bank_of(customers, {"device": ColumnRole.evidence, "address": ColumnRole.innocent})
    results = detect(bank, simulation.embeddings, QUICK, seed=0)
    household, ring = (row_of(results, members) for members in simulation.rings)
    assert (household["explanation"], household["flagged"]) == ("address", False)
    assert ring["flagged"]
    entity = results.agreement.filter((pl.col("source") == "device") & (pl.col("ring_id") == ring["ring_id"]))
    assert entity.select("kind", "modality").rows() == [("entity", "")]
    assert entity["bits"][0] == pytest.approx(5 * np.log2(150 / 6))


@pytest.mark.slow
@pytest.mark.parametrize("seed", [0, 3])
def test_a_household_is_explained_with_a_stranger_beside_it_too(seed: int):
    simulation = simulate(seed, customers=240, rings=3, tied=3)
    address = pl.Series(shared(simulation, {0: "home"}))
    bank = bank_of(simulation.bank.customers.with_columns(address=address), {"address": ColumnRole.innocent})
    assert not found(simulation.rings[0], flags(detect(bank, simulation.embeddings, QUICK, seed=0)))


# --- candidates that share customers ----------------------------------------------------------------------------------

ADDRESS = Condition(ConditionKind.innocent, "address", np.full(CUSTOMERS, -1), [])


def rings_of(*candidates: tuple[list[int], float, float]) -> list[list[int]]:
    """The members of each ring, best first; of candidates with their bits, and the bits that an address leaves.

    One with half a bit left, or less, does not contend for a flag.
    """
    left = {("address", members[0]): bits for members, _, bits in candidates}
    judge = made_judge(
        Stated(
            groups=[members for members, _, _ in candidates],
            bits=[[had] for _, had, _ in candidates],
            conditions=[ADDRESS],
            left=left,
        )
    )
    return [judge.candidates.groups[ring].tolist() for ring in judge.settled[0]]


REST: list[tuple[list[int], float, float]] = [([100 + at, 110 + at, 120 + at], -1.0, -1.0) for at in range(4)]


def test_a_ring_that_contends_goes_before_an_explained_household_that_overlaps_it():
    household, ring = ([1, 2, 3, 4], 12.0, 0.0), ([0, 1, 2], 4.0, 4.0)
    for order in ([household, ring], [ring, household]):
        assert rings_of(*order, *REST)[0] == [0, 1, 2]
        assert [1, 2, 3, 4] not in rings_of(*order, *REST)


def test_of_rings_that_contend_the_one_goes_first_of_which_more_is_left():
    half_explained, whole = ([40, 41, 42], 12.0, 4.0), ([42, 43, 44], 8.0, 8.0)
    found = rings_of(half_explained, whole, *REST)
    assert found[0] == [42, 43, 44]
    assert [40, 41, 42] not in found


def test_an_explained_household_is_shown_whole_and_not_in_the_piece_of_which_most_is_left():
    household, piece = ([20, 21, 22, 23], 10.0, 0.1), ([21, 22, 23], 9.0, 0.5)
    found = rings_of(household, piece, *REST)
    assert [20, 21, 22, 23] in found
    assert [21, 22, 23] not in found


TRIPLES = [[at, at + 60, at + 120] for at in range(60)]


@pytest.mark.parametrize(("shown", "worlds"), [(4, WORLDS), (5, BATCH), (20, BATCH)])
def test_worlds_judge_until_chance_has_shown_enough_above_the_best_where_nothing_is_on_the_list(
    shown: int, worlds: int
):
    judge = made_judge(Stated(groups=TRIPLES[:20], bits=[[1.0]] * 20, chance=[3.0] * shown))
    assert not Listing(judge, judge.settled[0]).flagged.any()
    assert len(judge.chance) == worlds


def test_chance_below_the_list_ends_nothing():
    judge = made_judge(Stated(groups=TRIPLES, bits=[[9.0]] * 60, chance=[3.0] * 30))
    assert Listing(judge, judge.settled[0]).flagged.all()
    assert len(judge.chance) == WORLDS


def test_a_long_list_goes_down_as_far_as_its_rate_allows():
    many = made_judge(Stated(groups=TRIPLES, bits=[[1.0]] * 60))
    assert many.observed.full.max() < 0 <= np.log2(0.25 / 0.05)  # none of them would contend for itself
    assert Listing(many, many.settled[0]).flagged.all()


def test_a_short_list_has_no_ring_below_what_contends_for_itself():
    few = made_judge(Stated(groups=TRIPLES[:3], bits=[[9.0], [9.0], [-4.0]]))
    usual = np.log2(0.25 / 0.05)
    assert few.observed.full[2] < usual
    assert few.contends == usual
    assert Listing(few, few.settled[0]).flagged.tolist() == [True, True, False]
