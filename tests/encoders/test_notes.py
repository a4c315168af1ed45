"""What the note encoder hears: the customer, not the agent; and that it asks no network."""

import importlib.util
import os
import shutil
import socket
from dataclasses import replace
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from numpy.typing import NDArray
from tiny_bank import START, bank_of

from ringsight.encoders.note_tokens import CropPairs, Crops, padded, stacked
from ringsight.encoders.note_vectors import fit_space, pool, unit
from ringsight.encoders.notes import embed_notes, train_notes
from ringsight.encoders.part import Part, write_part
from ringsight.encoders.settings import NotesConfig, TrainerConfig
from ringsight.errors import ModelError, SettingsError
from ringsight.records.bank import Bank

pytestmark = pytest.mark.slow

CPU = TrainerConfig(accelerator="cpu")

SAID = [
    "lost the card on the train and wants a new one before the holiday",
    "asks why the rent was taken twice this month",
    "wishes to raise the limit for a wedding in Spain",
    "cannot sign in since the new telephone",
    "sold a car and expects eight thousand by Friday",
    "her mother has died, the account is to be closed",
    "asks about the rate of a mortgage for a flat",
    "a shop charged the wrong sum for shoes",
    "moves house and gives the new address",
    "wants to send money to a brother in Ghana",
    "complains of the queue at the branch",
    "opens savings for a newborn daughter",
]
OPENING = "As always a very warm welcome and thank you ever so much for calling our friendly team this lovely day: "

DISCLAIMER = " ".join(
    f"Paragraph {number}: this conversation is recorded and kept for {number} years as the notice on our site tells."
    for number in range(9)
)


@pytest.fixture(scope="module")
def config(bert: Path) -> NotesConfig:
    return NotesConfig(base=bert, dim=8, longest=16, batch=8, sampled_notes=24, learning_rate=1e-3)


@pytest.fixture(scope="module")
def trained(bank: Bank, config: NotesConfig, tmp_path_factory: pytest.TempPathFactory) -> Path:
    part = tmp_path_factory.mktemp("model") / "notes"
    train_notes(bank, config, CPU, 0, part)
    return part


@pytest.fixture
def no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(*_: object, **__: object) -> None:
        raise AssertionError("the network was asked")

    monkeypatch.setattr(socket.socket, "connect", refused)
    monkeypatch.setattr(socket, "getaddrinfo", refused)


def with_notes(bank: Bank, notes: pl.DataFrame) -> Bank:
    return bank.with_records(notes=notes)


def agents_bank(folder: Path) -> Bank:
    """24 customers with one note each; one agent in two opens every note with the same phrase."""
    names = [f"c{number:02}" for number in range(24)]
    notes = [
        {
            "note_id": name,
            "customer_id": name,
            "timestamp": START,
            "text": (OPENING if number < 12 else "") + SAID[number % 12],
            "agent_id": "warm" if number < 12 else f"agent-{number % 3}",
        }
        for number, name in enumerate(names)
    ]
    return bank_of(folder, names, [], notes, [])


def test_the_packaged_bert_hears_past_an_agents_opening(tmp_path: Path, no_network: None) -> None:
    """Slower than the rest: on the weights that are shipped."""
    bank = agents_bank(tmp_path)
    vectors = embedded_by_the_base(bank, tmp_path / "notes")
    assert nearness(vectors[:12]) <= nearness(vectors[12:])
    same_matter = float(np.diag(vectors[:12] @ vectors[12:].T).mean())
    assert same_matter > nearness(vectors) + 0.2
    unaware = embedded_by_the_base(with_notes(bank, bank.notes.drop("agent_id")), tmp_path / "unaware")
    assert nearness(unaware[:12]) > nearness(unaware[12:])  # so the opening would tie them, were it not taken off


def test_what_is_said_after_a_long_disclaimer_is_heard(tmp_path: Path) -> None:
    """The disclaimer alone is longer than all that is read at once."""
    names = [f"c{number:02}" for number in range(36)]
    plain = [f"{SAID[number % 12]}, number {number}" for number in range(36)]
    bank = bank_of(tmp_path, names, [], notes_of(names, plain), [])
    before = embedded_by_the_base(bank, tmp_path / "plain")
    after = embedded_by_the_base(
        bank_of(tmp_path, names, [], notes_of(names, [f"{DISCLAIMER} {text}" for text in plain]), []),
        tmp_path / "disclaimed",
    )
    assert np.einsum("ij,ij->i", before, after).min() > 0.9
    together = unit(before) @ unit(before).T - unit(after) @ unit(after).T
    assert np.abs(together).max() < 0.3


def test_the_end_of_a_long_note_is_heard(bank: Bank, config: NotesConfig, tmp_path: Path) -> None:
    """Two notes that begin alike for longer than a window are told apart by how they end, up to the last window."""
    begin = " ".join(["paya", "cardo", "loanu"] * 20)
    for windows, apart in ((1, False), (8, True)):
        part = tmp_path / f"windows-{windows}"
        train_notes(bank, replace(config, windows=windows, trained_layers=0), CPU, 0, part)
        ends = with_notes(
            bank,
            bank.notes.with_columns(
                text=pl.when(pl.col("customer_id") == "c000").then(pl.lit(f"{begin} feeo")).otherwise(pl.lit(begin))
            ),
        )
        vectors = embed_notes(ends, part)[0].vectors
        assert np.array_equal(vectors[0], vectors[1]) != apart


def test_a_part_of_a_former_version_reads_as_it_did(bank: Bank, config: NotesConfig, tmp_path: Path) -> None:
    train_notes(bank, replace(config, windows=1), CPU, 0, tmp_path / "notes")
    now = Part.read(tmp_path / "notes", "notes")
    write_part(
        tmp_path / "former",
        kind="notes",
        weights=now.weights,
        preprocessing={name: array for name, array in now.preprocessing.items() if "boilerplate" not in name},
        settings={name: value for name, value in now.settings.items() if name not in ("windows", "most_unknown")},
        metrics=now.metrics,
        card="",
    )
    for one, other in zip(embed_notes(bank, tmp_path / "notes"), embed_notes(bank, tmp_path / "former"), strict=True):
        np.testing.assert_array_equal(one.vectors, other.vectors)


def notes_of(names: list[str], texts: list[str]) -> list[dict[str, object]]:
    """A note of each customer."""
    return [
        {"note_id": name, "customer_id": name, "timestamp": START, "text": text}
        for name, text in zip(names, texts, strict=True)
    ]


def embedded_by_the_base(bank: Bank, part: Path) -> NDArray[np.float32]:
    train_notes(bank, NotesConfig(trained_layers=0), CPU, 0, part)
    return embed_notes(bank, part)[0].vectors


def nearness(vectors: NDArray[np.float32]) -> float:
    """Mean similarity of two different customers."""
    return float((vectors @ vectors.T)[~np.eye(len(vectors), dtype=bool)].mean())


def test_no_network_is_asked(bank: Bank, config: NotesConfig, trained: Path, tmp_path: Path, no_network: None) -> None:
    assert os.environ["HF_HUB_OFFLINE"] == "1"
    train_notes(bank, config, CPU, 0, tmp_path / "notes")
    assert len(embed_notes(bank, trained)[0].vectors)


def test_the_base_is_not_needed_to_embed(bank: Bank, config: NotesConfig, tmp_path: Path) -> None:
    base = tmp_path / "base"
    shutil.copytree(str(config.base), base)
    train_notes(bank, replace(config, base=base), CPU, 0, tmp_path / "notes")
    before = embed_notes(bank, tmp_path / "notes")[0].vectors
    shutil.rmtree(base)
    np.testing.assert_array_equal(embed_notes(bank, tmp_path / "notes")[0].vectors, before)


def test_other_agents_or_none_known_embed(bank: Bank, trained: Path) -> None:
    plain = embed_notes(with_notes(bank, bank.notes.drop("agent_id")), trained)[0].vectors
    for agent in (pl.lit("never met"), pl.lit(None, pl.String)):
        other = embed_notes(with_notes(bank, bank.notes.with_columns(agent_id=agent)), trained)[0].vectors
        np.testing.assert_array_equal(other, plain)
    assert not np.allclose(embed_notes(bank, trained)[0].vectors, plain)


def test_a_bank_without_agents_can_be_learned_from(bank: Bank, config: NotesConfig, tmp_path: Path) -> None:
    train_notes(with_notes(bank, bank.notes.drop("agent_id")), config, CPU, 0, tmp_path / "notes")
    assert Part.read(tmp_path / "notes", "notes").settings["agents"] == []
    assert len(embed_notes(bank, tmp_path / "notes")[0].vectors) == 20


@pytest.mark.parametrize("text", ["?", "payo", " ", " ".join(["payo", "fee"] * 200)])
def test_notes_of_any_length_can_be_learned_from_and_embedded(
    bank: Bank, config: NotesConfig, tmp_path: Path, text: str
) -> None:
    odd = with_notes(bank, bank.notes.with_columns(text=pl.lit(text)))
    train_notes(odd, config, CPU, 0, tmp_path / "notes")
    assert np.isfinite(embed_notes(odd, tmp_path / "notes")[0].vectors).all()


def test_more_tokens_than_the_base_can_read_are_refused(bank: Bank, config: NotesConfig, tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"notes\.longest .* 64"):
        train_notes(bank, replace(config, longest=65), CPU, 0, tmp_path / "notes")


def test_tuning_that_does_not_help_is_undone(bank: Bank, config: NotesConfig, tmp_path: Path) -> None:
    train_notes(bank, replace(config, trained_layers=0), CPU, 0, tmp_path / "base")
    metrics = train_notes(bank, replace(config, learning_rate=10.0), CPU, 0, tmp_path / "wild")
    assert metrics["tuned"] == 0
    base, wild = (Part.read(tmp_path / name, "notes").weights for name in ("base", "wild"))
    assert all(bool((base[name] == wild[name]).all()) for name in base)


def test_tuning_changes_the_topmost_layers_alone(bank: Bank, config: NotesConfig, tmp_path: Path) -> None:
    train_notes(bank, replace(config, trained_layers=0), CPU, 0, tmp_path / "base")
    assert train_notes(bank, replace(config, epochs=4), CPU, 0, tmp_path / "tuned")["tuned"] == 1
    base, tuned = (Part.read(tmp_path / name, "notes").weights for name in ("base", "tuned"))
    changed = {name for name in base if not bool((base[name] == tuned[name]).all())}
    assert changed
    assert all(name.startswith("encoder.layer.1.") for name in changed)


def test_the_base_and_the_tuned_are_measured_alike(bank: Bank, config: NotesConfig, tmp_path: Path) -> None:
    """With held-out notes that do not fill the last batch, and a step too small to change anything."""
    still = replace(config, learning_rate=1e-30, batch=5)
    metrics = train_notes(bank, still, CPU, 0, tmp_path / "notes")
    assert metrics["validation_loss"] == pytest.approx(metrics["validation_loss_of_base"], abs=1e-5)


def test_a_base_that_is_none_is_refused(bank: Bank, config: NotesConfig, tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"tokenizer\.json"):
        train_notes(bank, replace(config, base=tmp_path), CPU, 0, tmp_path / "notes")
    shutil.copy(Path(str(config.base)) / "tokenizer.json", tmp_path)
    with pytest.raises(ModelError, match=str(tmp_path)):
        train_notes(bank, replace(config, base=tmp_path), CPU, 0, tmp_path / "notes")


def test_a_missing_package_is_told(
    bank: Bank, config: NotesConfig, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda _: None)
    with pytest.raises(ModelError, match=r"notes\.base=FOLDER"):
        train_notes(bank, replace(config, base=None), CPU, 0, tmp_path / "notes")


def test_an_agents_habit_is_taken_off_the_more_the_more_notes_there_are() -> None:
    rng = np.random.default_rng(0)
    left = []
    for count in (2, 200):
        habit = np.eye(8, dtype=np.float32)[0]
        vectors = (rng.normal(size=(count + 200, 8)) * 0.1).astype(np.float32)
        vectors[:count] += habit
        notes = pl.DataFrame({"agent_id": ["chatty"] * count + ["a", "b"] * 100})
        space = fit_space(vectors, notes, dim=8)
        left.append(float(np.linalg.norm(space.agent_means[space.agents.index("chatty")])))
    assert left[1] > left[0] > 0


def test_fewer_dimensions_than_asked_for_is_no_fault() -> None:
    vectors = np.random.default_rng(0).normal(size=(20, 4)).astype(np.float32)
    assert fit_space(vectors, pl.DataFrame({"text": [""] * 20}), dim=99).whitening.shape == (4, 4)


def test_pooling_is_by_customer_whatever_the_order() -> None:
    vectors = np.array([[1, 0], [0, 1], [1, 0]], np.float32)
    ids, pooled = pool(vectors, pl.DataFrame({"customer_id": ["b", "a", "a"]}))
    assert ids.tolist() == ["a", "b"]
    np.testing.assert_allclose(pooled, [[0.5**0.5, 0.5**0.5], [1, 0]], atol=1e-6)


def test_a_row_without_direction_gets_one() -> None:
    np.testing.assert_array_equal(unit(np.zeros((2, 3))), [[1, 0, 0], [1, 0, 0]])
    assert unit(np.zeros((0, 3))).shape == (0, 3)


def test_crops_are_stretches_of_their_note(bert: Path) -> None:
    from tokenizers import Tokenizer

    tokenizer = Tokenizer.from_file(str(bert / "tokenizer.json"))
    whole = "paya payo payi payu payen carda cardo cardi cardu carden"
    pairs = CropPairs([whole] * 50, Crops(tokenizer, 32, np.random.default_rng(0)))
    cut = [[str(tokenizer.id_to_token(token)) for token in tokens[1:-1]] for pair in pairs.pairs for tokens in pair]
    assert all(" ".join(words) in whole and len(words) >= 6 for words in cut)
    assert len({" ".join(words) for words in cut}) > 5
    tokens, mask, *_ = stacked(pairs.pairs)
    assert tokens.shape == mask.shape == (50, max(len(first) for first, _ in pairs.pairs))


def test_padding_is_masked() -> None:
    tokens, mask = padded([[7, 8, 9], [7]])
    assert tokens.tolist() == [[7, 8, 9], [7, 0, 0]]
    assert mask.tolist() == [[1, 1, 1], [1, 0, 0]]
