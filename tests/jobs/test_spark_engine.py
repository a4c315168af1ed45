"""Spark on two processes of this machine: what one machine finds, found in tasks."""

import os
import shutil
import time
from collections.abc import Iterator
from datetime import datetime, timedelta
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from tiny_world import World

import ringsight
from means import Means, lack
from ringsight.encoders.transaction_features import transaction_features
from ringsight.pipeline.settings import RunConfig
from ringsight.runs.run import Run
from ringsight.spark.engine import SparkEngine
from ringsight.spark.handed_over import MOMENT
from ringsight.spark.session import EngineError
from ringsight.spark.settings import Engine, SparkConfig
from ringsight.spark.transactions_sql import measured

pytestmark = pytest.mark.slow

TWO = SparkConfig(master="local[2]", customers=20, batch=64)


@pytest.fixture(scope="module")
def engine() -> Iterator[SparkEngine]:
    """One session for all tests here; whoever asks for another gets this one."""
    if shutil.which("java") is None:
        lack(Means.java, "there is no java")
    if find_spec("pyspark") is None:
        lack(Means.java, "pyspark is not installed")
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("JDK_JAVA_OPTIONS", "-XX:TieredStopAtLevel=1")  # less for Java to compile than to do
        with SparkEngine.opened(TWO) as engine:
            yield engine


@pytest.fixture(scope="module")
def spread(engine: SparkEngine, world: World, tmp_path_factory: pytest.TempPathFactory) -> Run:
    """The bank of the world by its model, searched with Spark."""
    out = tmp_path_factory.mktemp("spark") / "run"
    settings = RunConfig(engine=Engine.spark, spark=TWO)
    return ringsight.run(world.bank, out, model=world.run / "model", settings=settings)


def test_the_embeddings_are_those_of_one_machine(spread: Run, world: World):
    bank = ringsight.read_bank(world.bank)
    here, there = Run(world.run).embeddings(bank), spread.embeddings(bank)
    assert list(here) == list(there)
    for space, each in here.items():
        found = there[space]
        assert found.customer_ids.tolist() == each.customer_ids.tolist()
        assert (found.modality, found.model_hash, found.data_hash) == (each.modality, each.model_hash, each.data_hash)
        assert np.abs(found.vectors - each.vectors).max() < 1e-5, space


def test_the_rings_are_those_of_one_machine(spread: Run, world: World):
    here = Run(world.run).results
    for table in ("rings", "members", "links"):
        assert getattr(spread.results, table).equals(getattr(here, table)), table
    assert here.rings["flagged"].any()


def test_work_is_done_in_order_by_several_processes(engine: SparkEngine):
    def process(_: int) -> int:
        time.sleep(0.2)
        return os.getpid()

    done = list(engine.spread(process, range(4)))
    assert len(set(done)) == 2 and os.getpid() not in done
    assert list(engine.spread(abs, range(-5, 0))) == [5, 4, 3, 2, 1]
    assert list(engine.spread(abs, [])) == []


def test_no_more_is_begun_than_a_wave(engine: SparkEngine):
    drawn: list[int] = []
    given = engine.spread(abs, (drawn.append(number) or number for number in range(100)))  # type: ignore[func-returns-value]
    next(given)
    given.close()  # type: ignore[attr-defined]
    assert drawn == [0, 1]


@pytest.mark.usefixtures("engine")
def test_what_a_task_raises_is_told():
    def refuse_three(number: int) -> int:
        if number == 3:
            raise ValueError("three is refused")
        return number

    with pytest.raises(EngineError, match="ValueError: three is refused"), SparkEngine.opened(TWO) as same:
        list(same.spread(refuse_three, range(5)))


def test_transactions_are_measured_in_sql_as_by_one_machine(engine: SparkEngine, tmp_path: Path):
    """Among them a customer of one transaction, two at one moment, and one of unknown category."""
    rng, count = np.random.default_rng(5), 60
    moments = [datetime(2025, 1, 1) + timedelta(microseconds=int(at)) for at in rng.integers(0, 2 * 10**12, count)]
    moments[1] = moments[0]
    transactions = pl.DataFrame(
        {
            "transaction_id": [f"T{number:02}" for number in range(count)],
            "customer_id": ["C0", "C0", "C9", *(f"C{number}" for number in rng.integers(0, 5, count - 3))],
            "timestamp": moments,
            "amount": np.round(rng.normal(0, 80, count)).tolist(),
            "category": [(None, "food", "rent", "toys")[number] for number in rng.integers(0, 4, count)],
            "counterparty_id": [(None, "P1", "P2")[number] for number in rng.integers(0, 3, count)],
        }
    ).sort("customer_id", "timestamp", "transaction_id")
    vocabulary = {"category": ["food", "rent"], "currency": ["EUR"]}
    expected = transaction_features(transactions, 8, vocabulary)
    told = transactions.with_columns(pl.col("timestamp").dt.epoch("us").alias(MOMENT))
    told.write_parquet(tmp_path / "some.parquet")
    given = engine.session.read.parquet(str(tmp_path)).repartition(2, "customer_id")
    rows = pl.DataFrame(measured(given, vocabulary).toArrow()).sort("customer_id")
    assert rows["customer_id"].to_list() == expected.customer_ids.tolist()
    np.testing.assert_allclose(np.stack(rows["measured"].to_list()), expected.measured, atol=1e-5)
