"""Settings asked for over a trained model take effect, or are refused before anything is lost; no facet is indexed."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from finished_runs import NOTHING, finished
from test_previous import found
from tiny_bank import tiny_bank

from ringsight.encoders.settings import TrainerConfig, TransactionsConfig
from ringsight.errors import SettingsError
from ringsight.fusion.settings import FusionConfig, FusionKind
from ringsight.fusion.trained_settings import settings_in_force
from ringsight.pipeline.index import index
from ringsight.pipeline.run import carry_out
from ringsight.pipeline.settings import RunConfig, in_force
from ringsight.pipeline.train import train
from ringsight.records.bank import Bank
from ringsight.records.contract import modalities
from ringsight.records.embeddings import JOINT, Embeddings
from ringsight.runs.run import Run
from ringsight.vectors.opening import open_filled
from ringsight.vectors.vector_store import StoreConfig

TRANSACTIONS = TransactionsConfig(dim=16, hidden=16, counterparty_dim=32, thinned_pairs=1, epochs=1)
CONFIG = RunConfig(
    transactions=TRANSACTIONS,
    fusion=FusionConfig(kind=FusionKind.late),
    trainer=TrainerConfig(accelerator="cpu", patience=2),
)


@pytest.fixture(scope="module")
def bank(tmp_path_factory: pytest.TempPathFactory) -> Bank:
    """A bank of transactions alone."""
    bank = tiny_bank(tmp_path_factory.mktemp("bank"))
    return bank.with_records(notes=bank.notes.clear(), id_images=bank.id_images.clear())


@pytest.fixture
def model(bank: Bank, tmp_path: Path) -> Path:
    assert list(train(bank, tmp_path / "model", CONFIG)) == ["transactions", JOINT]
    return tmp_path / "model"


def test_training_refuses_what_a_part_that_is_kept_was_not_trained_with(bank: Bank, model: Path):
    asked = replace(CONFIG, transactions=replace(TRANSACTIONS, dim=8))
    with pytest.raises(SettingsError, match=r"transactions\.dim=8 was asked for, but it was trained with 16"):
        train(bank, model, asked)
    assert train(bank, model, CONFIG) == {}
    assert list(train(bank, model, asked, part="transactions", again=True)) == ["transactions"]
    assert settings_in_force(model)["transactions"]["dim"] == 8


def test_a_joint_space_that_must_be_trained_anew_takes_what_is_asked(bank: Bank, model: Path):
    asked = replace(CONFIG, fusion=FusionConfig(kind=FusionKind.early, dim=4))
    with pytest.raises(SettingsError, match=r"fusion\.kind=early was asked for"):
        train(bank, model, asked)
    train(bank, model, CONFIG, part="transactions", again=True, seed=1)
    assert list(train(bank, model, asked)) == [JOINT]
    assert settings_in_force(model)[JOINT]["kind"] == "early"


def test_a_damaged_part_can_be_trained_again(bank: Bank, model: Path):
    (model / "transactions" / "settings.json").write_text("{")
    assert list(train(bank, model, CONFIG, again=True)) == ["transactions", JOINT]


@pytest.mark.parametrize(
    ("settings", "asked", "refused"),
    [
        (RunConfig(transactions=TransactionsConfig(dim=8)), (), "transactions.dim=8"),
        (RunConfig(), ("transactions.dim",), "transactions.dim=128"),
    ],
)
def test_a_run_refuses_before_the_results_of_an_earlier_one_go(
    bank: Bank, model: Path, tmp_path: Path, settings: RunConfig, asked: tuple[str, ...], refused: str
):
    earlier = finished(tmp_path / "run", found("R", "abc"))
    with pytest.raises(SettingsError, match=f"{refused} was asked for"):
        carry_out(bank, earlier.folder, replace(settings, model=model), asked)
    assert Run(earlier.folder).finished


def test_the_trainer_in_force_is_the_one_that_a_model_was_trained_with(model: Path):
    told = in_force(NOTHING, RunConfig(model=model))
    assert (told["trainer"]["patience"], told["trainer"]["accelerator"]) == (2, "auto")
    assert "trainer" not in told["transactions"]


def test_facets_are_not_indexed(bank: Bank, tmp_path: Path):
    ids, store = bank.customer_ids, StoreConfig(path=tmp_path / "vectors.db")
    vectors = np.ones((len(ids), 1), dtype=np.float32)
    spaces = [("rhythm", "transactions"), *((each, each) for each in (*modalities(), JOINT))]
    embeddings = {space: Embeddings(space, ids, vectors, "ab", "cd", of) for space, of in spaces}
    index(bank, embeddings, store)
    with open_filled(store) as filled:
        assert sorted(filled.spaces()) == sorted((*modalities(), JOINT))
