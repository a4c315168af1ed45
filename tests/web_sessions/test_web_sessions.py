"""A fourth modality passes the suites that hold for every modality, and is trained, embedded and joined."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from bank_folder import only_fault
from fourth_modality import ENCODER, bank_with_sessions
from test_every_encoder import *  # noqa: F403 - the suite of every encoder, run over this one
from test_views import (  # noqa: F401
    test_views_are_disjoint_and_together_the_whole,
    test_views_keep_all_customers_and_the_order,
)
from tiny_bank import tiny_bert

from ringsight.encoders import registered
from ringsight.encoders.settings import IdImagesConfig, NotesConfig, TrainerConfig, TransactionsConfig
from ringsight.errors import DataError, ModelError
from ringsight.fusion.embed import embed_bank
from ringsight.fusion.settings import FusionConfig, ModelConfig, parts
from ringsight.fusion.training import train_missing
from ringsight.records.bank import Bank
from ringsight.records.contract import modalities
from ringsight.records.embeddings import Embeddings
from ringsight.records.reading import describe
from ringsight.records.views import split_views

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def model(bank: Bank, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("model")
    config = ModelConfig(
        transactions=TransactionsConfig(dim=16, hidden=16, counterparty_dim=32, thinned_pairs=1, epochs=1),
        notes=NotesConfig(base=tiny_bert(tmp_path_factory.mktemp("bert")), dim=12, longest=16, trained_layers=0),
        id_images=IdImagesConfig(dim=8, epochs=1, batch=8),
        fusion=FusionConfig(dim=10, epochs=2, batch=16),
        trainer=TrainerConfig(accelerator="cpu"),
    )
    assert list(train_missing(bank, config, folder, 0)) == list(parts())
    return folder


def test_it_is_read_checked_and_described(sound_bank: Bank) -> None:
    assert modalities() == ("transactions", "notes", "id_images", "web_sessions")
    assert sound_bank.table("web_sessions").height == 30
    assert only_fault(sound_bank)[:3] == ("web_sessions.csv", 31, "customer_id")
    assert "web_sessions: 30 rows used, 1 set aside" in describe(sound_bank)


def test_its_views_alternate(sound_bank: Bank) -> None:
    first, _ = split_views(sound_bank)
    in_order = sound_bank.table("web_sessions").filter(customer_id="C03")["session_id"].to_list()
    assert first.table("web_sessions").filter(customer_id="C03")["session_id"].to_list() == in_order[::2]


def test_it_is_embedded_beside_the_others_and_joins_them(bank: Bank, model: Path) -> None:
    spaces = embed_bank(bank, model)
    assert {"transactions", "notes", "id_images", "web_sessions", "web_activity", "joint"} <= set(spaces)
    assert (spaces["web_activity"].modality, spaces["web_activity"].learned) == ("web_sessions", False)
    everyone = set().union(*(set(bank.table(modality)["customer_id"]) for modality in modalities()))
    assert set(spaces["joint"].customer_ids.tolist()) == everyone


def test_it_is_enough_to_stand_in_the_joint_space(bank: Bank, model: Path) -> None:
    emptied = {modality: bank.table(modality).clear() for modality in modalities() if modality != "web_sessions"}
    joint = embed_bank(bank.with_records(**emptied), model)["joint"]
    assert joint.customer_ids.tolist() == sorted(set(bank.table("web_sessions")["customer_id"]))


def test_it_counts_in_the_joint_space(bank: Bank, model: Path) -> None:
    without = bank.with_records(web_sessions=bank.table("web_sessions").clear())
    before, after = (embed_bank(each, model)["joint"] for each in (bank, without))
    shared = np.intersect1d(before.customer_ids, after.customer_ids)
    moved = before.vectors[before.rows_in(shared)] - after.vectors[after.rows_in(shared)]
    assert np.linalg.norm(moved, axis=1).max() > 0.1


def test_two_spaces_of_one_name_are_refused(bank: Bank, model: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def embed_twice(bank: Bank, part: Path) -> tuple[Embeddings, ...]:
        learned, _ = ENCODER.embed(bank, part)
        return learned, replace(learned, space="notes", modality="web_sessions")

    twice = (*registered.ENCODERS[:-1], replace(ENCODER, embed=embed_twice))
    monkeypatch.setattr(registered, "ENCODERS", twice)
    with pytest.raises(ModelError, match="two spaces are called 'notes': one of notes, one of web_sessions"):
        embed_bank(bank, model)


def test_a_modality_that_is_not_registered_is_refused_by_name(tmp_path: Path) -> None:
    bank = bank_with_sessions(tmp_path)
    for ask in (lambda: bank.table("web_session"), lambda: bank.with_records(sessions=bank.notes)):
        with pytest.raises(DataError, match=r"there is no modality 'web_session'|there is no modality 'sessions'"):
            ask()
