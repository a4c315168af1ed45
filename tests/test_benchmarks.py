"""The benchmarks, on simulated banks: lists are judged as `evaluate` judges flags, and every method gives one."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from banks import Prepared, seeds, settle
from baselines import choose, outcome
from detections import flagged_at
from error_rate import Outcome as Searched
from error_rate import Search, known, searched
from error_rate_page import mean_share, plot, share_of_banks, stated_share, written
from facets import measured
from made_results import results_with
from outcomes import Outcome, outcome_of, outcome_table, trait_table
from rivals.attributes import Columns, cluster_size, shared_attributes, top_degree
from rivals.graphs import Order, late
from rivals.methods import METHODS, Method
from rivals.multiview import slice_and_dice, suspiciousness
from rivals.supervised import draw_labels
from rivals.traces import Traces
from scipy.stats import gamma
from simulated_bank import bank_of, simulate
from verdicts import Case, false_share, held_against, readable
from worlds import HONEST_GROUPS, KINDS, draw

from ringsight.detection.detect import detect
from ringsight.detection.results import RINGS, Results
from ringsight.detection.settings import DetectConfig
from ringsight.errors import DataError
from ringsight.evaluation.measures import evaluate, half_each_way
from ringsight.evaluation.truth import Truth
from ringsight.records.bank import ColumnRole
from ringsight.records.embeddings import JOINT, Embeddings
from ringsight.records.synthetic import SyntheticBankConfig

pytestmark = pytest.mark.slow

COLUMNS = {
    "device_id": ColumnRole.evidence,
    "phone": ColumnRole.evidence,
    "employer": ColumnRole.innocent,
    "sex": ColumnRole.protected,
}
PYOD = ("isolation forest", "autoencoder error")


def prepared(seed: int, *, rings: int = 5, tied: int = 2) -> Prepared:
    """A bank of 200 whose rings are tied in modalities; the first shares a device and a phone too."""
    simulation = simulate(seed, customers=200, rings=rings, tied=tied)
    ids = simulation.bank.customers["customer_id"].to_list()
    first = simulation.rings[0] if rings else set()
    customers = simulation.bank.customers.with_columns(
        device_id=pl.Series(["shared" if customer in first else f"d{customer}" for customer in ids]),
        phone=pl.Series(["shared" if customer in first else f"p{customer}" for customer in ids]),
        employer=pl.Series([f"e{place % 20}" for place in range(len(ids))]),
        sex=pl.Series(["fm"[place % 2] for place in range(len(ids))]),
    )
    together = np.concatenate([space.vectors for space in simulation.embeddings.values()], axis=1) / np.sqrt(3)
    joint = Embeddings(JOINT, np.array(ids), together.astype(np.float32), "joint model", "data")
    return Prepared(
        "simulated",
        bank_of(customers, COLUMNS),
        simulation.embeddings | {JOINT: joint},
        truth_of({f"R{place}": members for place, members in enumerate(simulation.rings)}, set(ids)),
    )


def truth_of(rings: dict[str, set[str]], customers: set[str], benign: dict[str, set[str]] | None = None) -> Truth:
    members = {ring: frozenset(customers) for ring, customers in rings.items()}
    traits = {ring: {"strength": "faint" if place else "blatant"} for place, ring in enumerate(rings)}
    groups = {name: frozenset(group) for name, group in (benign or {}).items()}
    return Truth(Path("labels.csv"), frozenset(customers), members, traits, groups)


@pytest.fixture(scope="module")
def planted() -> Prepared:
    return prepared(1)


@pytest.fixture(scope="module")
def traces(planted: Prepared) -> Traces:
    return Traces.of(planted.bank, planted.embeddings)


def test_seeds_are_ranges_and_single_numbers():
    assert seeds("1-3,7") == [1, 2, 3, 7]


def test_a_set_of_banks_is_made_in_one_way(tmp_path: Path):
    settle(tmp_path, SyntheticBankConfig(customers=200))
    settle(tmp_path, SyntheticBankConfig(customers=200))
    with pytest.raises(DataError, match="other settings"):
        settle(tmp_path, SyntheticBankConfig(customers=300))


@pytest.mark.parametrize("seed", range(20))
def test_a_list_read_whole_is_judged_as_evaluate_judges_flags(seed: int):
    rng = np.random.default_rng(seed)
    people = [f"c{number:02d}" for number in range(40)]
    shuffled = rng.permutation(people).tolist()
    truth = truth_of(
        {"A": set(shuffled[:6]), "B": set(shuffled[6:11])}, set(people), {"household": set(shuffled[11:16])}
    )
    groups = [frozenset(group) for group in np.split(np.array(shuffled), np.sort(rng.choice(40, 9, replace=False)))]
    groups = [group for group in groups if len(group) >= 3]
    evaluation = evaluate(results_of(groups), truth)
    mine = outcome_of(groups, truth, whole=True)
    assert len(mine.found) == evaluation.rings.part
    rings = truth.rings.values()
    found = {customer for ring in rings for group in groups if half_each_way(group, ring) for customer in group & ring}
    assert mine.recall == pytest.approx(len(found) / sum(map(len, rings)))
    assert mine.shares == pytest.approx((evaluation.false_share_benign_aside, evaluation.false_share))


def results_of(groups: list[frozenset[str]]) -> Results:
    """Results in which all groups are flagged."""
    rows = [{"ring_id": f"F{place}", "size": len(group), "flagged": True} for place, group in enumerate(groups)]
    rings = pl.DataFrame(rows, schema=RINGS).with_columns(explanation=pl.lit(""))
    members = [(f"F{place}", customer) for place, group in enumerate(groups) for customer in group]
    return results_with(
        rings=rings,
        members=pl.DataFrame(members, schema=["ring_id", "customer_id"], orient="row"),
        summary={"fdr": 0.05},
    )


@pytest.mark.parametrize("benign_false", [False, True])
def test_a_list_is_read_to_its_longest_prefix_within_the_rate(benign_false: bool):
    rng = np.random.default_rng(0)
    for length in [0, 1, *rng.integers(2, 80, 50)]:
        kinds = rng.choice(["true", "benign", "false"], length, p=[0.8, 0.15, 0.05])
        cases = [
            Case(frozenset("abc"), ("R",) if kind == "true" else (), kind == "benign", kind != "true") for kind in kinds
        ]
        shares = [false_share(cases[:end], benign_false=benign_false) for end in range(length + 1)]
        longest = max(end for end, share in enumerate(shares) if share <= 0.05)
        assert readable(cases, benign_false=benign_false) == longest


def test_groups_that_find_a_ring_the_method_was_told_leave_the_list():
    truth = truth_of({"A": {"a", "b", "c"}, "B": {"d", "e", "f"}}, set("abcdefgh"))
    cases = held_against([frozenset("abc"), frozenset("def"), frozenset("agh")], truth, known=["A"])
    assert [case.rings for case in cases] == [("B",), ()]


def test_flags_at_a_lower_rate_are_those_of_a_detection_at_that_rate(planted: Prepared):
    at = {
        rate: detect(planted.bank, planted.embeddings, DetectConfig(fdr=rate, permutations=20), 0)
        for rate in (0.2, 0.1)
    }
    flagged = at[0.1].rings.filter("flagged")["ring_id"]
    expected = [frozenset(at[0.1].members_of(ring)) for ring in flagged]
    assert expected
    assert flagged_at(at[0.2], 0.1) == expected


def test_a_ring_that_a_protected_column_explains_at_a_rate_is_no_flag_there():
    results = results_of([frozenset("abc"), frozenset("def")])
    rings = results.rings.with_columns(adjusted_q_value=pl.Series([0.01, 0.01]))
    conditions = pl.DataFrame({"ring_id": ["F0"], "kind": ["protected"], "q_value": [0.15]})
    results = replace(results, rings=rings, conditions=conditions, summary={"fdr": 0.2})
    assert flagged_at(results, 0.1) == [frozenset("def")]
    assert flagged_at(results, 0.2) == [frozenset("abc"), frozenset("def")]


@pytest.mark.parametrize("method", METHODS, ids=lambda method: method.name)
def test_every_method_ranks_disjoint_groups_the_same_way_each_time(method: Method, planted: Prepared, traces: Traces):
    if method.name in PYOD:
        pytest.importorskip("pyod")
    setting = method.settings[0]
    if method.taught:
        setting = setting | {"labels": draw_labels(planted.truth, 0)}
    groups, again = (method.rank(traces, **setting) for _ in range(2))
    customers = [customer for members in groups for customer in members]
    assert all(len(members) >= 3 for members in groups)
    assert len(customers) == len(set(customers))
    assert [members.tolist() for members in groups] == [members.tolist() for members in again]


@pytest.mark.parametrize("method", METHODS, ids=lambda method: method.name)
def test_every_method_takes_four_customers_of_one_modality(method: Method):
    if method.name in PYOD:
        pytest.importorskip("pyod")
    small = simulate(0, customers=4, rings=0)
    bank = Prepared("four", small.bank, {"notes": small.embeddings["notes"]}, truth_of({}, {"c0000"}))
    of_four = outcome(method, bank, Traces.of(bank.bank, bank.embeddings), method.settings[0])
    assert (of_four.found, of_four.recall) == (frozenset(), 0.0)


def test_shared_attributes_find_the_ring_that_shares_them(planted: Prepared, traces: Traces):
    ring = planted.truth.rings["R0"]
    ids = planted.bank.customer_ids
    for groups in (
        cluster_size(traces, Columns.evidence, cap=10),
        shared_attributes(traces, Columns.evidence, least=2),
        top_degree(traces, Columns.evidence, cutoff=0.0),
    ):
        assert [frozenset(ids[members].tolist()) for members in groups] == [ring]


def test_protected_columns_tie_nobody(traces: Traces):
    groups = cluster_size(traces, Columns.unprotected, cap=200)
    assert max(len(members) for members in groups) < traces.customers / 2


def test_late_fusion_finds_rings_tied_in_all_modalities():
    bank = prepared(3, tied=3)
    groups = late(Traces.of(bank.bank, bank.embeddings), scale=15, order=Order.total)
    first = [frozenset(bank.bank.customer_ids[members].tolist()) for members in groups[:5]]
    assert all(any(half_each_way(group, ring) for group in first) for ring in bank.truth.rings.values())


def test_slice_and_dice_finds_the_ring_that_shares_attributes_first(planted: Prepared, traces: Traces):
    groups = slice_and_dice(traces, views=2, neighbours=5, largest=10)
    assert frozenset(planted.bank.customer_ids[groups[0]].tolist()) >= planted.truth.rings["R0"]


@pytest.mark.parametrize("size", [2, 3, 10])
def test_suspiciousness_is_minus_the_log_likelihood_of_the_mass(size: int):
    pairs = size * (size - 1) / 2
    mass = pairs * np.array([0.5, 1.5, 4.0])
    assert suspiciousness(mass, size).tolist() == pytest.approx([0.0, *-gamma.logpdf(mass[1:], pairs)])


def test_labels_are_a_fifth_of_the_rings_and_of_the_honest(planted: Prepared):
    labels = draw_labels(planted.truth, 0)
    guilty = set().union(*planted.truth.rings.values())
    assert len(labels.rings) == 1
    assert len(labels.honest) == round(0.2 * (200 - len(guilty)))
    assert not labels.honest & guilty


def test_a_taught_method_is_scored_on_the_other_rings_alone(planted: Prepared, traces: Traces):
    (method,) = (method for method in METHODS if method.taught)
    taught = outcome(method, planted, traces, method.settings[0])
    assert taught.scored == set(planted.truth.rings) - set(draw_labels(planted.truth, 0).rings)
    assert taught.found <= taught.scored


def test_the_setting_chosen_finds_most_rings():
    def found(number: int) -> Outcome:
        rings = frozenset(map(str, range(number)))
        return Outcome(rings, dict.fromkeys((20, 10, 5), 0), rings, rings, 0.0, (0.0, 0.0), {})

    banks = [{m.name: [found(3 if place == 2 else 1) for place in range(len(m.settings))] for m in METHODS}] * 2
    assert choose(banks) == {method.name: method.settings[2] for method in METHODS}


def test_tables_say_what_was_found(planted: Prepared):
    groups = list(planted.truth.rings.values())
    outcomes = {"half": [outcome_of(groups[:2], planted.truth)], "all": [outcome_of(groups, planted.truth)]}
    table = outcome_table(outcomes).splitlines()
    assert [line.split(" | ")[0] for line in table[2:4]] == ["| all", "| half"]
    strengths = trait_table(outcomes, "strength").splitlines()
    assert strengths[0].split(" | ")[1:] == ["blatant", "faint |"]
    assert strengths[2:] == ["| all | 1 (1) of 1 | 4 (4) of 4 |", "| half | 1 (1) of 1 | 1 (1) of 4 |"]
    assert trait_table(outcomes, "typology") == ""


def test_no_flag_in_many_banks_bounds_the_rate_by_clopper_and_pearson():
    none = share_of_banks([False] * 200)
    assert (none.value, none.low, none.high) == pytest.approx((0, 0, 1 - 0.025 ** (1 / 200)))
    assert share_of_banks([True] + [False] * 9).value == 0.1
    assert share_of_banks([True]).high == 1.0


def test_the_interval_of_the_false_share_holds_its_mean():
    mean = mean_share([0, 1, 2], [4, 4, 4])
    assert mean.low <= mean.value == 0.25 <= mean.high
    alone = mean_share([0], [0])  # nothing flagged is nothing false
    assert alone.low == alone.value == alone.high == 0.0


def outcomes_of(world: str, *, rings: bool) -> list[Searched]:
    """Three banks: nothing flagged; a false flag; and one whose rate is withheld."""
    told = [(True, 0, 0), (True, 4, 1), (False, 5, 5)]
    shifts = (0.1, 0.4)
    return [
        Searched(
            Search(world, rings, seed, 600, 0.05), stated, shifts, flags, false, flags - false, 8, 3 * flags, flags
        )
        for seed, (stated, flags, false) in enumerate(told)
    ]


def test_the_page_of_the_error_rate_counts_a_withheld_rate_apart(tmp_path: Path):
    outcomes = [each for rings in (False, True) for each in outcomes_of("couples", rings=rings)]
    page = written(outcomes)
    rows = [line.split(" | ") for line in page.splitlines() if line.startswith("| couples")]
    assert [row[1:3] for row in rows] == [["600", "3"]] * 2
    assert [cell.split(" ")[0] for cell in rows[0][3:6]] == ["0.333", "0.667", "1"]
    assert [cell.split(" ")[0] for cell in rows[1][3:6]] == ["0.125", "0.417", "1"]
    assert rows[1][6] == "1.0 of 8.0"
    assert "Where a rate was stated, 1 of 2 banks had a flag" in page
    assert "Where a rate was stated (2 banks), 0.125 (" in page
    plot(outcomes, tmp_path)
    assert (tmp_path / "error_rate.png").stat().st_size > 10_000


def test_where_every_rate_is_withheld_no_false_share_is_stated(tmp_path: Path):
    banks = outcomes_of("couples", rings=True)
    stated = stated_share(banks)
    assert stated is not None
    assert stated.value == 0.125
    assert stated_share(banks[2:]) is None
    withheld = [*outcomes_of("couples", rings=False)[2:], *banks[2:]]
    assert "| 600 | 1 |  | 1.000" in written(withheld)
    plot(withheld, tmp_path)


def test_honest_groups_and_caps_have_tables_of_their_own():
    world, _ = HONEST_GROUPS[8, 0.4]
    usual = outcomes_of("couples", rings=True)
    higher = [replace(each, search=replace(each.search, tail_bits=9.0), found=each.found + 1) for each in usual[:2]]
    page = written([*usual, *higher, *outcomes_of(world, rings=False)])
    rows = [line.split(" | ") for line in page.splitlines()]
    assert [row[1:3] for row in rows if row[0] == "| couples" and len(row) == 8] == [["600", "3"]]
    assert [row[1:5] for row in rows if row[0] == "| couples" and len(row) == 7] == [
        ["yes", "2", "6", "1.5 of 8.0"],
        ["yes", "2", "9", "2.5 of 8.0"],
    ]
    assert [row[1:] for row in rows if row[0] == "| 8"] == [["", "", "", "0.33", "", "0 |"]]


@pytest.mark.parametrize("name", KINDS)
def test_every_world_is_drawn_with_rings_and_without(name: str):
    for rings in (False, True):
        bank, embeddings, truth = draw(KINDS[name], 1, 150, rings=rings)
        assert bool(truth.rings) == rings
        assert len(bank.customers) == 150
        assert {each.modality for each in embeddings.values()} == {"transactions", "notes", "id_images"}
        for space, each in embeddings.items():
            again = draw(KINDS[name], 1, 150, rings=rings)[1][space]
            np.testing.assert_array_equal(each.vectors, again.vectors)
        members = [customer for ring in truth.rings.values() for customer in ring]
        assert len(members) == len(set(members))
        assert not set(members) & set().union(*truth.benign.values())


def test_a_bank_that_was_searched_is_not_searched_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    search = Search("independent", rings=True, seed=1, customers=150, rate=0.2)
    searched(tmp_path, search)
    monkeypatch.setattr("error_rate.detect", None)
    searched(tmp_path, search)
    (found,) = known(tmp_path)
    assert found.search == search
    assert 0 <= found.false <= found.flags
    assert found.planted == len(draw(KINDS["independent"], 1, 150, rings=True)[2].rings)


def test_a_space_that_rings_are_tied_in_tells_more_of_them_than_another(planted: Prepared):
    tied = {ring: {"tied": "notes + transactions"} for ring in planted.truth.rings}
    in_both = replace(planted.truth, traits=tied)
    told = {each.space: each for each in measured("simulated", planted.bank, planted.embeddings, in_both)}
    assert set(told) == {"transactions", "notes", "joint", "sum of all bits"}
    assert all((told[space].bits or 0) > 0.5 for space in ("transactions", "notes", "joint"))
    assert all((told[space].auc or 0) > 0.6 for space in ("transactions", "notes", "joint"))
    nearest = {space: each.nearest or 0.0 for space, each in told.items()}
    assert nearest["sum of all bits"] > max(nearest["transactions"], nearest["notes"])
    nobody = replace(planted.truth, rings={})
    assert not [each for each in measured("simulated", planted.bank, planted.embeddings, nobody) if each.pairs]
