"""The joint space: where it starts, that an absent modality adds nothing, and that it stands on its own encoders."""

from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch.nn.functional import normalize

from ringsight.encoders.note_vectors import unit
from ringsight.encoders.part import write_part
from ringsight.errors import ModelError, SettingsError
from ringsight.fusion.blocks import Blocks, laid_out, side_by_side
from ringsight.fusion.embed import embed_joint
from ringsight.fusion.joint import FusionConfig, FusionKind, JointSpace, JointTask
from ringsight.records.embeddings import Embeddings

CUSTOMERS, LENGTH, DIM = 400, 24, 32
MODALITIES = ["transactions", "notes", "id_images"]
IMAGES = MODALITIES.index("id_images")


def embedded(space: str, ids: NDArray[np.str_], seed: int) -> Embeddings:
    """Vectors that lean to one side, as those of a real encoder do."""
    rng = np.random.default_rng(seed)
    vectors = unit((rng.normal(size=(len(ids), LENGTH)) + 0.7).astype(np.float32))
    return Embeddings(space, ids, vectors, f"hash of {space}", "data")


@pytest.fixture(scope="module")
def embeddings() -> dict[str, Embeddings]:
    """A third of the customers have no image; all have the rest."""
    ids = np.array([f"c{number:04}" for number in range(CUSTOMERS)])
    have = {name: ids if name != "id_images" else ids[np.arange(CUSTOMERS) % 3 > 0] for name in MODALITIES}
    return {name: embedded(name, have[name], seed) for seed, name in enumerate(MODALITIES)}


@pytest.fixture(scope="module")
def blocks(embeddings: dict[str, Embeddings]) -> Blocks:
    return side_by_side(embeddings, MODALITIES)


@pytest.fixture
def space(blocks: Blocks) -> JointSpace:
    torch.manual_seed(0)
    space = JointSpace([LENGTH] * 3, DIM)
    for contribution in space._each():
        torch.nn.init.normal_(contribution.absent)
    space.centre_on(*tensors(blocks))
    return space


def tensors(blocks: Blocks) -> tuple[list[torch.Tensor], torch.Tensor]:
    return [torch.from_numpy(block) for block in blocks.vectors], torch.from_numpy(blocks.present)


def mean_similarity(vectors: NDArray[np.float32]) -> float:
    """Over all pairs of different rows."""
    return float((np.square(vectors.sum(axis=0)).sum() - len(vectors)) / (len(vectors) * (len(vectors) - 1)))


def excess_of_the_lacking(vectors: NDArray[np.float32], lacking: NDArray[np.bool_]) -> float:
    """How much more alike those who lack images are than as many at random who have them, in standard deviations."""
    rng = np.random.default_rng(0)
    others = np.flatnonzero(~lacking)
    chance = [mean_similarity(vectors[rng.choice(others, lacking.sum(), replace=False)]) for _ in range(100)]
    return (mean_similarity(vectors[lacking]) - float(np.mean(chance))) / float(np.std(chance))


def test_customers_without_a_photo_do_not_gather(space: JointSpace, blocks: Blocks) -> None:
    lacking = ~blocks.present[:, IMAGES]
    with torch.no_grad():
        joint = normalize(space.embed(*tensors(blocks)), dim=-1).numpy()
        with_tokens = space(*tensors(blocks)).numpy()
    assert excess_of_the_lacking(joint, lacking) < 4
    assert excess_of_the_lacking(with_tokens, lacking) > 20  # the figure tells: tokens would gather them


def test_the_token_is_not_seen_in_an_embedding(space: JointSpace, blocks: Blocks) -> None:
    with torch.no_grad():
        before = space.embed(*tensors(blocks))
        for contribution in space._each():
            contribution.absent += 100
        assert torch.equal(space.embed(*tensors(blocks)), before)


def test_what_stands_in_a_masked_row_does_not_count(space: JointSpace, blocks: Blocks) -> None:
    vectors, present = tensors(blocks)
    disturbed = [torch.where(has, given, 7.0) for given, has in zip(vectors, present.T[:, :, None], strict=True)]
    with torch.no_grad():
        assert torch.equal(space.embed(disturbed, present), space.embed(vectors, present))
        assert torch.equal(space(disturbed, present), space(vectors, present))


def test_it_starts_from_early_fusion(space: JointSpace, blocks: Blocks) -> None:
    components = np.linalg.qr(np.random.default_rng(0).normal(size=(3 * LENGTH, DIM)))[0].astype(np.float32)
    space.start_from(torch.from_numpy(components))
    for contribution in space._each():
        contribution.centre.zero_()
    with torch.no_grad():
        joint = unit(space.embed(*tensors(blocks)).numpy())
    np.testing.assert_allclose(joint, unit(blocks.side_by_side() @ components), atol=1e-5)


def test_fewer_components_than_dimensions_can_be_started_from(blocks: Blocks) -> None:
    space = JointSpace([LENGTH] * 3, DIM)
    space.start_from(torch.eye(3 * LENGTH)[:, :5])
    assert torch.isfinite(space(*tensors(blocks))).all()


def test_a_modality_that_nobody_has_leaves_no_nan(blocks: Blocks) -> None:
    space = JointSpace([LENGTH] * 3, DIM)
    vectors, present = tensors(blocks)
    present = present & torch.tensor([True, True, False])
    space.centre_on(vectors, present)
    with torch.no_grad():
        assert torch.isfinite(space.embed(vectors, present)).all()


def test_leaving_out_never_takes_all_that_a_customer_has(blocks: Blocks) -> None:
    torch.manual_seed(0)
    task = JointTask([LENGTH] * 3, DIM, dropout=0.9, temperature=0.1, learning_rate=1e-3).train()
    present = torch.from_numpy(blocks.present)
    left = task._left_out(present)
    assert left.any(dim=1).all()
    assert not (left & ~present).any()
    assert left.sum() < present.sum()
    assert torch.equal(task.eval()._left_out(present), present)


@pytest.fixture(params=list(FusionKind))
def part(request: pytest.FixtureRequest, space: JointSpace, tmp_path: Path) -> Path:
    components = np.linalg.qr(np.random.default_rng(0).normal(size=(3 * LENGTH, DIM)))[0].astype(np.float32)
    write_part(
        tmp_path / "joint",
        kind="joint",
        weights=space.state_dict() if request.param is FusionKind.joint else {},
        preprocessing={"components": components} if request.param is FusionKind.early else {},
        settings={
            "kind": request.param.value,
            "dim": DIM,
            "encoders": {name: f"hash of {name}" for name in MODALITIES},
        },
        metrics={},
        card="",
    )
    return tmp_path / "joint"


def test_everyone_with_something_is_embedded_by_every_kind(embeddings: dict[str, Embeddings], part: Path) -> None:
    joint = embed_joint(embeddings, part)
    assert joint.space == "joint"
    assert len(joint.customer_ids) == CUSTOMERS


def test_a_customer_stands_where_it_stands_alone(embeddings: dict[str, Embeddings], part: Path) -> None:
    few = {
        name: Embeddings(name, all_.customer_ids[:3], all_.vectors[:3], all_.model_hash, all_.data_hash)
        for name, all_ in embeddings.items()
    }
    among, alone = embed_joint(embeddings, part), embed_joint(few, part)
    row = among.rows_in(alone.customer_ids)
    both = np.isin(alone.customer_ids, few["notes"].customer_ids)
    np.testing.assert_allclose(alone.vectors[both], among.vectors[row[both]], atol=1e-5)


def test_nobody_is_embedded_as_nobody(embeddings: dict[str, Embeddings], part: Path) -> None:
    nobody = {
        name: Embeddings(name, all_.customer_ids[:0], all_.vectors[:0], all_.model_hash, all_.data_hash)
        for name, all_ in embeddings.items()
    }
    assert len(embed_joint(nobody, part).customer_ids) == 0


def test_embeddings_of_another_encoder_are_refused(embeddings: dict[str, Embeddings], part: Path) -> None:
    notes = embeddings["notes"]
    other = Embeddings("notes", notes.customer_ids, notes.vectors, "another", notes.data_hash)
    with pytest.raises(ModelError, match="notes encoder"):
        embed_joint(embeddings | {"notes": other}, part)
    with pytest.raises(ModelError, match="notes encoder"):
        embed_joint({name: found for name, found in embeddings.items() if name != "notes"}, part)


def test_late_fusion_is_the_mean_of_the_modalities_similarities(embeddings: dict[str, Embeddings]) -> None:
    complete = embeddings["id_images"].customer_ids[:2]
    blocks = laid_out(embeddings, MODALITIES, complete)
    together = blocks.side_by_side()
    expected = np.mean([block[0] @ block[1] for block in blocks.vectors])
    assert together[0] @ together[1] == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize("wrong", [{"dim": 0}, {"dropout": 1.0}, {"temperature": float("nan")}, {"batch": 1}])
def test_settings_out_of_bounds_are_refused_by_name(wrong: dict[str, float]) -> None:
    with pytest.raises(SettingsError, match=next(iter(wrong))):
        FusionConfig(**wrong)  # type: ignore[arg-type]
