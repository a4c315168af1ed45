"""What holds for the encoder of every modality."""

import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from every_encoder import SmallEncoder
from safetensors.numpy import load_file
from tiny_bank import only_customers

from ringsight.encoders.part import Part, write_part
from ringsight.errors import DataError, ModelError
from ringsight.records.bank import Bank

pytestmark = pytest.mark.slow


def hash_of(folder: Path) -> str:
    return (folder / "hash").read_text()


def owners(bank: Bank, encoder: SmallEncoder) -> list[str]:
    return sorted(set(bank.table(encoder.modality)["customer_id"].to_list()))


def test_embeds_exactly_those_who_have_records(encoder: SmallEncoder, bank: Bank, part: Path) -> None:
    embeddings = encoder.embed(bank, part)
    assert embeddings.customer_ids.tolist() == owners(bank, encoder)
    assert 0 < len(embeddings.customer_ids) < len(bank.customers)
    assert embeddings.space == encoder.modality
    assert embeddings.model_hash == hash_of(part).strip()
    assert embeddings.data_hash == bank.data_hash
    np.testing.assert_allclose(np.linalg.norm(embeddings.vectors, axis=1), 1, atol=1e-5)
    assert embeddings.dim == encoder.config.dim


def test_embedding_again_gives_the_same(encoder: SmallEncoder, bank: Bank, part: Path) -> None:
    first, second = encoder.embed(bank, part), encoder.embed(bank, part)
    np.testing.assert_array_equal(first.vectors, second.vectors)


def test_a_customer_embeds_alike_alone_and_among_others(encoder: SmallEncoder, bank: Bank, part: Path) -> None:
    name = owners(bank, encoder)[3]
    among = encoder.embed(bank, part)
    alone = encoder.embed(only_customers(bank, [name]), part)
    assert alone.customer_ids.tolist() == [name]
    np.testing.assert_allclose(alone.vectors[0], among.vectors[among.customer_ids == name][0], atol=1e-4)


def test_an_absent_modality_gives_no_rows(encoder: SmallEncoder, bank: Bank, part: Path) -> None:
    embeddings = encoder.embed(only_customers(bank, []), part)
    assert embeddings.vectors.shape == (0, encoder.config.dim)


def test_facets_are_embeddings_of_the_modality(encoder: SmallEncoder, bank: Bank, part: Path) -> None:
    facets = encoder.facets(bank, part)
    assert facets
    assert len({encoder.modality, *(facet.space for facet in facets)}) == 1 + len(facets)
    for facet in facets:
        assert facet.modality == encoder.modality
        assert set(facet.customer_ids.tolist()) <= set(owners(bank, encoder))
        assert len(facet.customer_ids) > 0, facet.space
        assert facet.model_hash == hash_of(part).strip()
        assert facet.data_hash == bank.data_hash
        assert facet.vectors.dtype == np.float32
        np.testing.assert_allclose(np.linalg.norm(facet.vectors, axis=1), 1, atol=1e-5)


def test_a_facet_is_the_same_again_and_alone(encoder: SmallEncoder, bank: Bank, part: Path) -> None:
    name = owners(bank, encoder)[3]
    among, again = encoder.facets(bank, part), encoder.facets(bank, part)
    alone = encoder.facets(only_customers(bank, [name]), part)
    for first, second, single in zip(among, again, alone, strict=True):
        np.testing.assert_array_equal(first.vectors, second.vectors)
        assert single.customer_ids.tolist() == [name]
        np.testing.assert_allclose(single.vectors[0], first.vectors[first.customer_ids == name][0], atol=1e-4)


def test_an_absent_modality_has_facets_without_rows(encoder: SmallEncoder, bank: Bank, part: Path) -> None:
    facets = encoder.facets(bank, part)
    for facet, empty in zip(facets, encoder.facets(only_customers(bank, []), part), strict=True):
        assert (empty.space, empty.vectors.shape) == (facet.space, (0, facet.dim))


def test_facets_of_customers_all_alike_say_nothing_or_the_same(
    encoder: SmallEncoder, make_bank: Callable[..., Bank], tmp_path: Path
) -> None:
    alike = make_bank(tmp_path / "bank", customers=12, alike=True)
    encoder.train(alike, tmp_path / "part")
    for facet in encoder.facets(alike, tmp_path / "part"):
        assert len(facet.customer_ids) in (0, 12), facet.space
        np.testing.assert_allclose(facet.vectors @ facet.vectors.T, 1, atol=1e-3)


def test_a_part_of_a_former_version_is_told(encoder: SmallEncoder, bank: Bank, part: Path, tmp_path: Path) -> None:
    trained = Part.read(part, encoder.modality)
    facet = encoder.facets(bank, part)[0].space
    former = {name: array for name, array in trained.preprocessing.items() if not name.startswith(f"{facet}.")}
    write_part(
        tmp_path / "part",
        kind=encoder.modality,
        weights=trained.weights,
        preprocessing=former,
        settings=trained.settings,
        metrics={},
        card="",
    )
    with pytest.raises(ModelError, match=rf"no space `{facet}`: a former version(.|\n)*again=true"):
        encoder.embed(bank, tmp_path / "part")


def test_customers_all_alike_embed_alike(encoder: SmallEncoder, make_bank: Callable[..., Bank], tmp_path: Path) -> None:
    alike = make_bank(tmp_path / "bank", customers=12, alike=True)
    encoder.train(alike, tmp_path / "part")
    vectors = encoder.embed(alike, tmp_path / "part").vectors
    assert len(vectors) == 12
    np.testing.assert_allclose(vectors @ vectors.T, 1, atol=1e-3)


def test_the_seed_decides_the_part(encoder: SmallEncoder, bank: Bank, part: Path, tmp_path: Path) -> None:
    encoder.train(bank, tmp_path / "same")
    encoder.train(bank, tmp_path / "other", seed=1)
    assert hash_of(tmp_path / "same") == hash_of(part)
    assert hash_of(tmp_path / "other") != hash_of(part)


def test_too_few_customers_are_refused(encoder: SmallEncoder, bank: Bank, tmp_path: Path) -> None:
    few = only_customers(bank, owners(bank, encoder)[:7])
    with pytest.raises(DataError, match=f"7 customers have usable {encoder.modality}"):
        encoder.train(few, tmp_path / "part")
    assert not (tmp_path / "part").exists()


def test_training_that_fails_leaves_the_former_part(
    encoder: SmallEncoder, bank: Bank, part: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "part"
    shutil.copytree(part, folder)
    former = hash_of(folder)

    def broken(*_: object, **__: object) -> None:
        raise OSError("the disk is full")

    monkeypatch.setattr("ringsight.encoders.part.save_arrays", broken)
    with pytest.raises(OSError, match="full"):
        encoder.train(bank, folder, seed=1)
    assert hash_of(folder) == former
    assert [path.name for path in tmp_path.iterdir()] == ["part"]


def test_a_part_holds_nothing_pickled(encoder: SmallEncoder, part: Path) -> None:
    assert {path.name for path in part.iterdir()} == {
        "weights.safetensors",
        "preprocessing.safetensors",
        "settings.json",
        "metrics.json",
        "card.md",
        "hash",
    } | ({"curve.csv"} if encoder.learns_in_epochs else set())
    assert load_file(part / "weights.safetensors")
    assert all(not path.read_bytes().startswith((b"\x80", b"PK")) for path in part.iterdir())
    assert [path.name for path in part.parent.iterdir()] == [part.name]  # no checkpoint is left beside it


def test_the_settings_are_kept_with_the_part(encoder: SmallEncoder, part: Path) -> None:
    read = Part.read(part, encoder.modality)
    assert read.kind == encoder.modality
    assert read.settings["dim"] == encoder.config.dim
    assert read.metrics["validation_loss"] > 0
    assert "validation_loss" in (part / "card.md").read_text()
    assert json.loads((part / "settings.json").read_text())["kind"] == encoder.modality


@pytest.mark.parametrize("name", ["weights.safetensors", "preprocessing.safetensors", "settings.json"])
def test_a_flipped_byte_is_found(encoder: SmallEncoder, bank: Bank, part: Path, tmp_path: Path, name: str) -> None:
    folder = tmp_path / "model" / encoder.modality
    shutil.copytree(part, folder)
    content = bytearray((folder / name).read_bytes())
    content[-3] ^= 1
    (folder / name).write_bytes(content)
    expect_refusal(encoder, bank, folder)


@pytest.mark.parametrize("name", ["weights.safetensors", "settings.json", "metrics.json", "hash"])
def test_a_missing_file_is_found(encoder: SmallEncoder, bank: Bank, part: Path, tmp_path: Path, name: str) -> None:
    folder = tmp_path / "model" / encoder.modality
    shutil.copytree(part, folder)
    (folder / name).unlink()
    expect_refusal(encoder, bank, folder)


def test_a_missing_part_is_found(encoder: SmallEncoder, bank: Bank, tmp_path: Path) -> None:
    expect_refusal(encoder, bank, tmp_path / "model" / encoder.modality)


def test_another_kind_of_part_is_refused(encoder: SmallEncoder, part: Path) -> None:
    with pytest.raises(ModelError, match=f"`{encoder.modality}`, not `joint`") as refusal:
        Part.read(part, "joint")
    assert str(part) in str(refusal.value)
    assert "ringsight train encoder=joint" in str(refusal.value)


def expect_refusal(encoder: SmallEncoder, bank: Bank, folder: Path) -> None:
    with pytest.raises(ModelError) as refusal:
        encoder.embed(bank, folder)
    assert str(folder) in str(refusal.value)
    assert f"ringsight train encoder={encoder.modality}" in str(refusal.value)
    assert f"model={folder.parent}" in str(refusal.value)


def test_no_customer_column_is_seen(encoder: SmallEncoder, bank: Bank, part: Path, tmp_path: Path) -> None:
    described = replace(bank, customers=bank.customers.with_columns(sex=pl.lit("f"), segment=pl.lit("gold")))
    encoder.train(described, tmp_path / "part")
    assert hash_of(tmp_path / "part") == hash_of(part)
