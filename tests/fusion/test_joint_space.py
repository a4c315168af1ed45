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
from ringsight.fusion.joint import JointSpace, JointTask
from ringsight.fusion.settings import FusionConfig, FusionKind
from ringsight.records.embeddings import Embeddings

pytestmark = pytest.mark.slow

CUSTOMERS, LENGTH, DIM = 400, 24, 32
MODALITIES = ["transactions", "notes", "id_images"]
IMAGES = MODALITIES.index("id_images")
DIRECTIONS = np.linalg.qr(np.random.default_rng(0).normal(size=(3 * LENGTH, DIM)))[0].astype(np.float32)


def embedded(space: str, ids: NDArray[np.str_], seed: int) -> Embeddings:
    """Vectors that lean to one side and vary more in some directions than in others, as a real encoder's do."""
    rng = np.random.default_rng(seed)
    vectors = unit(((rng.normal(size=(len(ids), LENGTH)) + 0.7) * 0.9 ** np.arange(LENGTH)).astype(np.float32))
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
    space = JointSpace([[LENGTH]] * 3, DIM)
    space.even_out(*tensors(blocks))
    space.start_from(torch.from_numpy(DIRECTIONS))
    for contribution in space._each():
        torch.nn.init.normal_(contribution.absent)
    space.spread_evenly(*tensors(blocks))
    return space


def tensors(blocks: Blocks) -> tuple[list[torch.Tensor], torch.Tensor]:
    return [torch.from_numpy(block) for block in blocks.vectors], torch.from_numpy(blocks.present)


def mean_similarity(vectors: NDArray[np.float32]) -> float:
    """Over all pairs of different rows."""
    return float((np.square(vectors.sum(axis=0)).sum() - len(vectors)) / (len(vectors) * (len(vectors) - 1)))


def enrichment(vectors: NDArray[np.float32], marked: NDArray[np.bool_], nearest: int) -> float:
    """How many of the nearest of the marked are marked too, beside how many would be by chance."""
    similarity = vectors @ vectors.T
    np.fill_diagonal(similarity, -np.inf)
    neighbours = np.argpartition(-similarity, nearest, axis=1)[:, :nearest]
    return float(marked[neighbours[marked]].mean() * (len(marked) - 1) / (marked.sum() - 1))


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


def test_nor_do_they_among_the_nearest(space: JointSpace, blocks: Blocks) -> None:
    lacking = ~blocks.present[:, IMAGES]
    with torch.no_grad():
        evened = unit(space.embed(*tensors(blocks)).numpy())
        space.whitening[:] = torch.eye(DIM)
        plain = unit(space.embed(*tensors(blocks)).numpy())
    for marked in (lacking, ~lacking):
        assert enrichment(evened, marked, 10) < 1.2
    assert enrichment(plain, lacking, 10) > 1.25  # the figure tells: unwhitened they gather


def test_strangers_spread_alike_whatever_they_lack(space: JointSpace, blocks: Blocks) -> None:
    vectors, _ = tensors(blocks)
    complete = torch.from_numpy(blocks.present.all(axis=1))
    spreads = []
    for number in range(1, 2 ** len(MODALITIES)):
        shown = torch.tensor([bool(number & 2**place) for place in range(len(MODALITIES))])
        with torch.no_grad():
            shown_so = space.embed([block[complete] for block in vectors], shown.expand(int(complete.sum()), -1))
        alike = unit(shown_so.numpy()) @ unit(shown_so.numpy()).T
        spreads.append(float(np.std(alike[np.triu_indices(len(alike), 1)])))
    alone, together = spreads[0], spreads[-1]  # one modality of 24 directions, and three in all 32
    assert together == pytest.approx(1 / np.sqrt(DIM), rel=0.1)
    assert max(spreads) < 1.4 * together
    assert alone > together


def test_twins_who_lack_the_same_stay_together(space: JointSpace, blocks: Blocks) -> None:
    vectors, present = tensors(blocks)
    first, second = np.flatnonzero(~blocks.present[:, IMAGES])[:2]
    twins = [block.clone() for block in vectors]
    for block in twins:
        block[second] = block[first]
    with torch.no_grad():
        joint = unit(space.embed(twins, present).numpy())
    assert float(joint[first] @ joint[second]) == pytest.approx(1, abs=1e-5)


@pytest.mark.parametrize("customers", [0, 1, 2])
def test_next_to_nobody_to_spread_by_leaves_no_nan(blocks: Blocks, customers: int) -> None:
    space = JointSpace([[LENGTH]] * 3, DIM)
    vectors, present = tensors(blocks)
    space.spread_evenly([block[:customers] for block in vectors], present[:customers])
    with torch.no_grad():
        assert torch.isfinite(space.embed(vectors, present)).all()


def test_customers_all_alike_have_no_direction(blocks: Blocks) -> None:
    space = JointSpace([[LENGTH]] * 3, DIM)
    vectors, present = tensors(blocks)
    alike = [block[:1].expand_as(block) for block in vectors]
    space.spread_evenly(alike, torch.ones_like(present))
    with torch.no_grad():
        joint = unit(space.embed(alike, torch.ones_like(present)).numpy())
    np.testing.assert_allclose(joint @ joint.T, 1, atol=1e-5)


def test_the_token_is_not_seen_in_an_embedding(space: JointSpace, blocks: Blocks) -> None:
    with torch.no_grad():
        before = space.embed(*tensors(blocks))
        for contribution in space._each():
            contribution.absent.add_(100)
        assert torch.equal(space.embed(*tensors(blocks)), before)


def test_what_stands_in_a_masked_row_does_not_count(space: JointSpace, blocks: Blocks) -> None:
    vectors, present = tensors(blocks)
    disturbed = [torch.where(has, given, 7.0) for given, has in zip(vectors, present.T[:, :, None], strict=True)]
    with torch.no_grad():
        assert torch.equal(space.embed(disturbed, present), space.embed(vectors, present))
        assert torch.equal(space(disturbed, present), space(vectors, present))


def test_it_starts_from_early_fusion(blocks: Blocks) -> None:
    space = JointSpace([[LENGTH]] * 3, DIM)
    space.start_from(torch.from_numpy(DIRECTIONS))
    with torch.no_grad():
        joint = unit(space.embed(*tensors(blocks)).numpy())
    np.testing.assert_allclose(joint, unit(blocks.side_by_side() @ DIRECTIONS), atol=1e-5)


def test_each_modality_is_evened_out_before_anything_is_learned(blocks: Blocks) -> None:
    def spread(vectors: NDArray[np.float32], has: NDArray[np.bool_]) -> float:
        variances = np.linalg.eigvalsh(np.cov(vectors[has], rowvar=False))
        return float(variances[-1] / variances.mean())

    even = JointSpace([[LENGTH]] * 3, DIM).even_out(*tensors(blocks))
    for before, after, has in zip(blocks.vectors, even, blocks.present.T, strict=True):
        assert spread(after.numpy(), has) < 2 < spread(before, has)
        assert np.abs(after.numpy()[has].mean(axis=0)).max() < 0.1 < np.abs(before[has].mean(axis=0)).max()
        assert not after.numpy()[~has].any()


def test_fewer_components_than_dimensions_can_be_started_from(blocks: Blocks) -> None:
    space = JointSpace([[LENGTH]] * 3, DIM)
    space.start_from(torch.eye(3 * LENGTH)[:, :5])
    assert torch.isfinite(space(*tensors(blocks))).all()


def test_a_modality_that_nobody_has_leaves_no_nan(blocks: Blocks) -> None:
    space = JointSpace([[LENGTH]] * 3, DIM)
    vectors, present = tensors(blocks)
    present = present & torch.tensor([True, True, False])
    space.even_out(vectors, present)
    space.spread_evenly(vectors, present)
    with torch.no_grad():
        assert torch.isfinite(space.embed(vectors, present)).all()


def test_leaving_out_never_takes_all_that_a_customer_has(blocks: Blocks) -> None:
    torch.manual_seed(0)
    task = JointTask([[LENGTH]] * 3, DIM, dropout=0.9, temperature=0.1, learning_rate=1e-3, pair_weight=1).train()
    present = torch.from_numpy(blocks.present)
    left = task._left_out(present)
    assert left.any(dim=1).all()
    assert not (left & ~present).any()
    assert left.sum() < present.sum()
    assert torch.equal(task.eval()._left_out(present), present)


@pytest.fixture(params=list(FusionKind))
def part(request: pytest.FixtureRequest, space: JointSpace, tmp_path: Path) -> Path:
    write_part(
        tmp_path / "joint",
        kind="joint",
        weights=space.state_dict() if request.param is FusionKind.joint else {},
        preprocessing={"components": DIRECTIONS} if request.param is FusionKind.early else {},
        settings={
            "kind": request.param.value,
            "dim": DIM,
            "encoders": {name: f"hash of {name}" for name in MODALITIES},
            "spaces": [[name] for name in MODALITIES],
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


def test_weights_of_another_joint_space_are_refused(embeddings: dict[str, Embeddings], tmp_path: Path) -> None:
    weights = JointSpace([[LENGTH]] * 3, DIM).state_dict()
    del weights["whitening"]
    encoders = {name: f"hash of {name}" for name in MODALITIES}
    settings = {"kind": "joint", "dim": DIM, "encoders": encoders, "spaces": [[name] for name in MODALITIES]}
    write_part(
        tmp_path / "joint", kind="joint", weights=weights, preprocessing={}, settings=settings, metrics={}, card=""
    )
    with pytest.raises(ModelError, match="whitening") as refusal:
        embed_joint(embeddings, tmp_path / "joint")
    assert "ringsight train encoder=joint" in str(refusal.value)


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
