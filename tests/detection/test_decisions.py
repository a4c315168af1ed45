"""Decided pairs: read with care, and what they teach about the sources."""

from collections.abc import Sequence
from datetime import date, datetime
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from simulated_bank import Simulation, flags, found, simulate

from ringsight.detection.corroboration import Corroboration
from ringsight.detection.detect import detect
from ringsight.detection.settings import DetectConfig
from ringsight.detection.weights import FEWEST, learn_weights
from ringsight.errors import DataError
from ringsight.graph.sources import EntitySource, Source, space_source
from ringsight.records.decisions import DECISIONS, read_decisions


def written(folder: Path, *rows: str, header: str = "customer_a,customer_b,decision") -> Path:
    path = folder / "decisions.csv"
    path.write_text("\n".join([header, *rows]) + "\n", encoding="utf-8")
    return path


def test_pairs_are_put_in_order_and_counted_once(tmp_path: Path):
    path = written(tmp_path, "b,a,same_hand", "a,b,same_hand", "c,a,unsure")
    assert read_decisions(path).rows() == [("a", "b", "same_hand"), ("a", "c", "unsure")]


def test_the_last_decision_on_a_pair_counts(tmp_path: Path):
    header = "customer_a,customer_b,decision,decided_at"
    rows = ("a,b,same_hand,2026-01-02", "b,a,different,2026-03-01", "c,d,different,2026-01-01")
    assert read_decisions(written(tmp_path, *rows, header=header))["decision"].to_list() == ["different", "different"]


def test_parquet_reads_alike_and_no_row_is_no_decision(tmp_path: Path):
    empty = read_decisions(written(tmp_path))
    assert (empty.schema, len(empty)) == (pl.Schema(DECISIONS), 0)
    csv = read_decisions(written(tmp_path, "a,b,same_hand"))
    csv.write_parquet(tmp_path / "decisions.parquet")
    assert read_decisions(tmp_path / "decisions.parquet").equals(csv)


@pytest.mark.parametrize(
    "moments",
    [
        [date(2026, 1, 2), date(2026, 3, 1)],
        [datetime(2026, 1, 2, 9), datetime(2026, 1, 2, 10)],
        [20260102, 20260301],
        ["2026-01-02T09:00:00+02:00", "2026-01-02T08:00"],
    ],
)
def test_moments_of_every_kind_say_which_decision_is_the_last(tmp_path: Path, moments: list[object]):
    path = tmp_path / "decisions.parquet"
    pair = {"customer_a": ["a", "b"], "customer_b": ["b", "a"], "decision": ["same_hand", "different"]}
    pl.DataFrame(pair | {"decided_at": moments}).write_parquet(path)
    assert read_decisions(path)["decision"].to_list() == ["different"]


@pytest.mark.parametrize("moment", [1767225600, "soon"])
def test_what_is_no_moment_is_named(tmp_path: Path, moment: object):
    path = tmp_path / "decisions.parquet"
    pair = {"customer_a": ["a"], "customer_b": ["b"], "decision": ["same_hand"]}
    pl.DataFrame(pair | {"decided_at": [moment]}).write_parquet(path)
    with pytest.raises(DataError, match=r"row 1, column decided_at: .* is no moment"):
        read_decisions(path)


@pytest.mark.parametrize(
    ("rows", "named"),
    [
        (["a,b,same_hand", "b,a,different"], ["rows 1, 2", "both ways", "decided_at"]),
        (["a,b,guilty"], ["row 1", "'guilty'", "same_hand"]),
        (["a,a,same_hand"], ["row 1", "two different customers"]),
        (["a,,same_hand"], ["row 1", "two different customers"]),
    ],
)
def test_what_cannot_be_used_is_named(tmp_path: Path, rows: list[str], named: list[str]):
    with pytest.raises(DataError) as refusal:
        read_decisions(written(tmp_path, *rows))
    assert all(words in str(refusal.value) for words in named)


def test_a_missing_file_or_column_is_named(tmp_path: Path):
    with pytest.raises(DataError, match="no such file"):
        read_decisions(tmp_path / "nowhere.csv")
    with pytest.raises(DataError, match="no column 'decision'"):
        read_decisions(written(tmp_path, "a,b", header="customer_a,customer_b"))


@pytest.fixture(scope="module")
def simulation() -> Simulation:
    return simulate(1)


@pytest.fixture(scope="module")
def sources(simulation: Simulation) -> list[Source]:
    ids = simulation.bank.customer_ids
    return [space_source(simulation.embeddings[name], ids, 30) for name in sorted(simulation.embeddings)]


def decided(simulation: Simulation, sources: Sequence[Source], telling: int, each: int) -> pl.DataFrame:
    """Pairs near each other in one source alone are of one hand, pairs near in the others alone are not."""
    ids = simulation.bank.customer_ids
    a, b = np.triu_indices(len(ids), 1)
    bits = np.stack([source.pair_bits(a, b) for source in sources])
    others = np.delete(bits, telling, axis=0).sum(axis=0)
    same, different = np.argsort(others - bits[telling])[:each], np.argsort(bits[telling] - others)[:each]
    rows = [(str(ids[a[i]]), str(ids[b[i]]), "same_hand") for i in same]
    rows += [(str(ids[a[i]]), str(ids[b[i]]), "different") for i in different]
    return pl.DataFrame(rows, schema=DECISIONS, orient="row")


@pytest.mark.parametrize("telling", [0, 1, 2])
def test_the_source_that_tells_hands_apart_weighs_most(simulation: Simulation, sources: list[Source], telling: int):
    weights = learn_weights(sources, decided(simulation, sources, telling, 40), simulation.bank.customer_ids, 0)
    assert weights.learned
    alike, taught = weights.ways
    assert (alike == 1).all()
    assert int(np.argmax(taught)) == telling
    assert taught[telling] > 1.3
    assert taught.min() >= 0
    assert np.linalg.norm(taught) == pytest.approx(np.linalg.norm(alike))


def test_pairs_of_one_hand_alone_are_told_from_chance_pairs(simulation: Simulation, sources: list[Source]):
    decisions = decided(simulation, sources, 1, 40).filter(pl.col("decision") == "same_hand")
    weights = learn_weights(sources, decisions, simulation.bank.customer_ids, 0)
    assert (weights.same_hand, weights.different, weights.learned) == (40, 0, True)
    assert int(np.argmax(weights.ways[-1])) == 1


def test_the_sum_as_taught_counts_where_it_is_the_greater_by_its_price():
    bits = np.array([[10.0, 0.0], [0.0, 10.0], [2.0, 0.0]])
    second = np.array([[1.0, 3.5], [1.0, 0.5], [1.0, 2.5]])
    ways = np.array([[1.0, 1.0], [1.4, 0.2]])
    both = Corroboration.suited(bits.copy(), second, ways)
    np.testing.assert_allclose(both.full, [14.0, 10.0, 2.0])
    np.testing.assert_allclose(both.by_source, [[14.0, 0.0], [0.0, 10.0], [2.0, 0.0]])
    np.testing.assert_allclose(both.second, [3.5, 1.0, 1.0])
    alike = Corroboration.suited(bits.copy(), second[:, :1], ways[:1])
    np.testing.assert_allclose(alike.by_source, bits)


def test_the_fewer_the_decisions_the_less_they_move(simulation: Simulation, sources: list[Source]):
    ids = simulation.bank.customer_ids
    taught = [learn_weights(sources, decided(simulation, sources, 0, each), ids, 0).ways[-1] for each in (10, 20, 40)]
    assert taught[0].max() < taught[1].max() < taught[2].max()


def test_few_decisions_teach_nothing_and_it_is_said(simulation: Simulation, sources: list[Source]):
    few = decided(simulation, sources, 0, FEWEST - 1)
    for decisions in (None, few, few.clear()):
        weights = learn_weights(sources, decisions, simulation.bank.customer_ids, 0)
        assert not weights.learned
        assert (weights.ways == np.ones((1, len(sources)))).all()
        assert weights.described(sources)["regime"] == "label-free"


def test_decisions_on_customers_whom_the_bank_has_lost_teach_nothing(simulation: Simulation, sources: list[Source]):
    gone = decided(simulation, sources, 0, 40).with_columns(customer_a=pl.lit("gone ") + pl.col("customer_a"))
    weights = learn_weights(sources, gone, simulation.bank.customer_ids, 0)
    assert (weights.same_hand, weights.different) == (0, 0)


def test_a_source_that_nobody_of_the_decided_has_keeps_its_weight_near_the_rest(
    simulation: Simulation, sources: list[Source]
):
    customers = len(simulation.bank.customer_ids)
    absent = EntitySource("device", np.zeros(customers, bool), np.full(customers, -1), np.zeros(1))
    weights = learn_weights([*sources, absent], decided(simulation, sources, 0, 40), simulation.bank.customer_ids, 0)
    assert 0.2 < weights.ways[-1][-1] < weights.ways[-1][0]


@pytest.mark.slow
def test_detection_says_which_regime_applied_and_judges_chance_with_the_same_weights(
    simulation: Simulation, sources: list[Source], tmp_path: Path
):
    path = tmp_path / "decisions.parquet"
    decided(simulation, sources, 0, 40).write_parquet(path)
    plain, taught = (
        detect(simulation.bank, simulation.embeddings, DetectConfig(permutations=40, decisions=decisions), 0)
        for decisions in (None, path)
    )
    assert plain.summary["weights"]["regime"] == "label-free"
    assert taught.summary["weights"]["regime"] == "learned from decisions"
    assert not taught.null.equals(plain.null)
    assert sum(found(ring, flags(taught)) for ring in simulation.rings) >= 2


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(3))
def test_pairs_that_chance_brought_near_and_somebody_decided_make_no_flag(seed: int, tmp_path: Path):
    nobody = simulate(seed, rings=0)
    sources = [
        space_source(nobody.embeddings[name], nobody.bank.customer_ids, 30) for name in sorted(nobody.embeddings)
    ]
    path = tmp_path / "decisions.parquet"
    decided(nobody, sources, seed, 50).filter(pl.col("decision") == "same_hand").write_parquet(path)
    results = detect(nobody.bank, nobody.embeddings, DetectConfig(permutations=40, decisions=path), seed)
    assert results.summary["weights"]["regime"] == "learned from decisions"
    assert flags(results) == []
