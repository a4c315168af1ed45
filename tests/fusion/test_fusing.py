"""Joint, early and late over real parts: what they keep of the modalities, and what absence must not do."""

import inspect
from collections.abc import Mapping
from dataclasses import fields, replace
from pathlib import Path

import numpy as np
import polars as pl
import pytest
import torch
from numpy.typing import NDArray
from tiny_bank import only_customers, tiny_bank

from ringsight.encoders.note_vectors import unit
from ringsight.encoders.part import Part
from ringsight.errors import ModelError
from ringsight.fusion.blocks import all_spaces, laid_out, side_by_side
from ringsight.fusion.embed import embed_bank, embed_joint, embed_modalities
from ringsight.fusion.joint import JointSpace, JointTask
from ringsight.fusion.joint_training import train_fusion
from ringsight.fusion.settings import FusionConfig, FusionKind, ModelConfig
from ringsight.fusion.training import modalities_of, train_missing
from ringsight.records import contract
from ringsight.records.bank import Bank
from ringsight.records.embeddings import Embeddings

pytestmark = pytest.mark.slow

MODALITIES = contract.modalities()


def of_kind(config: ModelConfig, kind: FusionKind) -> ModelConfig:
    return replace(config, fusion=replace(config.fusion, kind=kind))


@pytest.fixture(scope="module", params=list(FusionKind))
def fused(
    request: pytest.FixtureRequest, bank: Bank, config: ModelConfig, model: Path
) -> tuple[FusionKind, dict[str, Embeddings], Path]:
    """Kind, the modalities' embeddings, and the folder of a joint part of that kind over them."""
    folder = model.parent / f"{model.name}-{request.param}"
    folder.mkdir()
    for modality in MODALITIES:
        (folder / modality).symlink_to(model / modality)
    train_fusion(bank, list(MODALITIES), of_kind(config, request.param), 0, folder)
    return request.param, embed_modalities(bank, folder), folder / "joint"


def test_everyone_with_any_modality_has_one_joint_row(
    bank: Bank, fused: tuple[FusionKind, dict[str, Embeddings], Path]
) -> None:
    _, modalities, part = fused
    joint = embed_joint(modalities, part)
    assert joint.space == "joint"
    assert joint.data_hash == bank.data_hash
    assert joint.model_hash == Part.read(part, "joint").hash
    everyone = np.unique(np.concatenate([embeddings.customer_ids for embeddings in modalities.values()]))
    np.testing.assert_array_equal(joint.customer_ids, everyone)


def test_a_customer_joins_alike_alone_and_among_others(
    bank: Bank, fused: tuple[FusionKind, dict[str, Embeddings], Path]
) -> None:
    _, modalities, part = fused
    among = embed_joint(modalities, part)
    for name in ("c000", "c003", "c004"):  # who has everything, lacks an image, lacks notes
        alone = embed_joint(embed_modalities(only_customers(bank, [name]), part.parent), part)
        assert alone.customer_ids.tolist() == [name]
        np.testing.assert_allclose(alone.vectors[0], among.vectors[among.customer_ids == name][0], atol=1e-3)


@pytest.mark.parametrize("only", list(MODALITIES))
def test_any_single_modality_is_enough(
    bank: Bank, fused: tuple[FusionKind, dict[str, Embeddings], Path], only: str
) -> None:
    _, _, part = fused
    tables = {modality: bank.table(modality).clear() for modality in MODALITIES} | {only: bank.table(only)}
    joint = embed_joint(embed_modalities(bank.with_records(**tables), part.parent), part)
    assert joint.customer_ids.tolist() == sorted(set(bank.table(only)["customer_id"]))


def test_nobody_has_no_rows(bank: Bank, fused: tuple[FusionKind, dict[str, Embeddings], Path]) -> None:
    _, modalities, part = fused
    nobody = embed_joint(embed_modalities(only_customers(bank, []), part.parent), part)
    assert nobody.vectors.shape == (0, embed_joint(modalities, part).dim)


def test_embeddings_of_another_encoder_are_refused(fused: tuple[FusionKind, dict[str, Embeddings], Path]) -> None:
    _, modalities, part = fused
    other = modalities | {"notes": replace(modalities["notes"], model_hash="f" * 64)}
    lacking = {name: embeddings for name, embeddings in modalities.items() if name != "notes"}
    for wrong in (other, lacking):
        with pytest.raises(ModelError, match="notes encoder") as refusal:
            embed_joint(wrong, part)
        assert "ringsight train encoder=joint" in str(refusal.value)


def test_the_same_seed_gives_the_same_part(
    bank: Bank, config: ModelConfig, fused: tuple[FusionKind, dict[str, Embeddings], Path]
) -> None:
    kind, _, part = fused
    before = (part / "hash").read_text()
    train_fusion(bank, list(MODALITIES), of_kind(config, kind), 0, part.parent)
    assert (part / "hash").read_text() == before
    assert sorted(path.name for path in part.parent.iterdir()) == ["id_images", "joint", "notes", "transactions"]


@pytest.fixture(scope="module")
def half_photographed(config: ModelConfig, tmp_path_factory: pytest.TempPathFactory) -> tuple[Bank, Path]:
    """A bank in which half of the customers have no image and a sixth no notes, and encoders trained on it."""
    folder = tmp_path_factory.mktemp("half-photographed")
    bank = tiny_bank(folder / "bank", customers=120, seed=3)
    odd = pl.col("customer_id").str.slice(1).cast(pl.Int64) % 2 == 1
    bank = bank.with_records(id_images=bank.id_images.filter(~odd))
    train_missing(bank, config, folder / "model", 0)
    return bank, folder / "model"


@pytest.mark.parametrize("kind", FusionKind)
def test_who_lacks_photos_does_not_gather(
    kind: FusionKind, config: ModelConfig, half_photographed: tuple[Bank, Path], tmp_path: Path
) -> None:
    """Labels of who has a photo, shuffled, give differences as large as the true ones, whatever the kind."""
    bank, trained = half_photographed
    for modality in MODALITIES:
        (tmp_path / modality).symlink_to(trained / modality)
    eager = replace(
        config,
        fusion=replace(config.fusion, kind=kind, epochs=20, learning_rate=3e-2),
        trainer=replace(config.trainer, patience=20),
    )
    train_fusion(bank, list(MODALITIES), eager, 0, tmp_path)
    joint = embed_bank(bank, tmp_path)["joint"]
    without = ~np.isin(joint.customer_ids, bank.id_images["customer_id"].to_numpy().astype(str))
    assert 50 < without.sum() < 70
    rng = np.random.default_rng(0)
    chance = [gathering(joint.vectors, rng.permutation(without)) for _ in range(300)]
    assert gathering(joint.vectors, without) <= max(chance) + 0.02


def test_who_lacks_the_same_is_not_among_each_others_nearest(half_photographed: tuple[Bank, Path]) -> None:
    bank, trained = half_photographed
    modalities, part = embed_modalities(bank, trained), Part.read(trained / "joint", "joint")
    blocks = all_spaces(modalities, part.settings["spaces"])
    given = [[modalities[name].dim for name in names] for names in part.settings["spaces"]]
    space = JointSpace(given, part.settings["dim"])
    plain = dict(part.weights) | {"whitening": torch.eye(part.settings["dim"]).repeat(2 ** len(MODALITIES), 1, 1)}
    enriched = []
    for weights in (dict(part.weights), plain):
        space.load_state_dict(weights)
        with torch.no_grad():
            vectors = space.embed([torch.from_numpy(b) for b in blocks.vectors], torch.from_numpy(blocks.present))
        enriched.append(np.mean([enrichment(unit(vectors.numpy()), without, 5) for without in ~blocks.present.T]))
    assert enriched[0] < 1.5
    assert enriched[1] > 1.25 * enriched[0]  # the figure tells: unwhitened they gather


def enrichment(vectors: NDArray[np.float32], marked: NDArray[np.bool_], nearest: int) -> float:
    """How many of the nearest of the marked are marked too, beside how many would be by chance."""
    similarity = vectors @ vectors.T
    np.fill_diagonal(similarity, -np.inf)
    neighbours = np.argpartition(-similarity, nearest, axis=1)[:, :nearest]
    return float(marked[neighbours[marked]].mean() * (len(marked) - 1) / (marked.sum() - 1))


def gathering(vectors: NDArray[np.float32], marked: NDArray[np.bool_]) -> float:
    """How much nearer the marked are to each other than the rest are."""
    return similarity_within(vectors[marked]) - similarity_within(vectors[~marked])


def similarity_within(vectors: NDArray[np.float32]) -> float:
    return float((vectors @ vectors.T)[~np.eye(len(vectors), dtype=bool)].mean())


def test_two_views_of_a_customer_are_put_together(
    bank: Bank, config: ModelConfig, model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """From a start of chance; principal components put the views of so few customers together before it learns."""
    monkeypatch.setattr(JointSpace, "start_from", lambda *_: None)
    losses = []
    for epochs in (1, 40):
        trained = replace(config, fusion=replace(config.fusion, epochs=epochs, learning_rate=1e-3))
        folder = model.parent / f"{model.name}-{epochs}-epochs"
        folder.mkdir()
        for modality in MODALITIES:
            (folder / modality).symlink_to(model / modality)
        losses.append(train_fusion(bank, list(MODALITIES), trained, 0, folder)["validation_loss"])
    assert losses[1] < losses[0]


def random_embeddings(present: Mapping[str, list[bool]], dim: int = 6) -> dict[str, Embeddings]:
    rng = np.random.default_rng(0)
    embeddings = {}
    for name, has in present.items():
        vectors = rng.normal(size=(sum(has), dim)).astype(np.float32)
        vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
        ids = np.array([f"c{number}" for number, here in enumerate(has) if here], dtype=np.str_)
        embeddings[name] = Embeddings(name, ids, vectors, "m", "d")
    return embeddings


def test_late_is_the_mean_over_what_both_have() -> None:
    embeddings = random_embeddings({"transactions": [True, True], "notes": [True, True], "id_images": [False, False]})
    together = side_by_side(embeddings, list(embeddings)).side_by_side()
    mean = np.mean([(embeddings[name].vectors @ embeddings[name].vectors.T)[0, 1] for name in list(embeddings)[:2]])
    assert float(together[0] @ together[1]) == pytest.approx(float(mean), abs=1e-6)


def test_the_trained_late_space_is_that_mean(bank: Bank, config: ModelConfig, model: Path, tmp_path: Path) -> None:
    for modality in MODALITIES:
        (tmp_path / modality).symlink_to(model / modality)
    train_fusion(bank, list(MODALITIES), of_kind(config, FusionKind.late), 0, tmp_path)
    spaces = embed_bank(bank, tmp_path)
    pair = np.array(["c000", "c001"])
    rows = {name: embeddings.vectors[embeddings.rows_in(pair)] for name, embeddings in spaces.items()}
    mean = np.mean([rows[modality][0] @ rows[modality][1] for modality in MODALITIES])
    assert float(rows["joint"][0] @ rows["joint"][1]) == pytest.approx(float(mean), abs=1e-5)


def test_blocks_are_masked_where_absent() -> None:
    embeddings = random_embeddings({"transactions": [True, False, True], "notes": [False, False, True]})
    blocks = side_by_side(embeddings, ["transactions", "notes"])
    assert blocks.customer_ids.tolist() == ["c0", "c2"]
    assert blocks.present.tolist() == [[True, False], [True, True]]
    assert not blocks.vectors[1][0].any()
    np.testing.assert_allclose(np.linalg.norm(blocks.side_by_side(), axis=1), 1, atol=1e-6)
    asked = laid_out(embeddings, ["notes"], np.array(["c1", "c2"]))
    assert asked.present.tolist() == [[False], [True]]


def test_the_task_takes_its_settings_by_their_names() -> None:
    arguments = set(inspect.signature(JointTask.__init__).parameters) - {"self"}
    assert arguments - {field.name for field in fields(FusionConfig)} == {"given"}


def test_modalities_that_too_few_have_are_not_learned_from(bank: Bank) -> None:
    assert modalities_of(bank) == list(MODALITIES)
    few = only_customers(bank, bank.customers["customer_id"].to_list()[:8])
    assert modalities_of(few) == []
