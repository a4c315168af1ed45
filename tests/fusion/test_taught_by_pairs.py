"""Pairs in the joint space: what they do to the contrast, what is refused, and when it is trained anew."""

import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from torch.nn.functional import normalize

from ringsight.encoders.fitting import info_nce
from ringsight.encoders.part import Part, write_part
from ringsight.errors import DataError, SettingsError
from ringsight.fusion.settings import FusionConfig, FusionKind, ModelConfig
from ringsight.fusion.taught_pairs import Pairs, TaughtBatches, taught_info_nce
from ringsight.fusion.training import modalities_of, outdated, train_missing
from ringsight.records.bank import Bank
from ringsight.records.business_pairs import read_business_pairs
from ringsight.records.decisions import read_decisions

pytestmark = pytest.mark.slow

IDS = np.array(["a", "b", "c", "d"])


def written(folder: Path, *rows: str) -> Path:
    path = folder / "pairs.csv"
    path.write_text("\n".join(["customer_a,customer_b,decision", *rows]) + "\n", encoding="utf-8")
    return path


def views(seed: int) -> torch.Tensor:
    return normalize(torch.randn(4, 3, generator=torch.Generator().manual_seed(seed)), dim=1)


def test_where_nothing_is_decided_the_contrast_is_of_views_alone() -> None:
    nothing = Pairs.of(FusionConfig(), IDS).among(np.arange(4))
    assert torch.allclose(taught_info_nce(views(0), views(1), nothing, 0.1, 3.0), info_nce(views(0), views(1), 0.1))


@pytest.mark.parametrize(("told", "nearer"), [(1, True), (-1, False)])
def test_one_hand_is_drawn_together_and_two_are_parted(told: int, nearer: bool) -> None:
    decided = torch.zeros(4, 4)
    decided[0, 1] = decided[1, 0] = told
    first = views(0).requires_grad_()
    plain, taught = (
        torch.autograd.grad(taught_info_nce(first, views(1), each, 0.5, 5.0), first)[0]
        for each in (torch.zeros_like(decided), decided)
    )
    towards = float((plain - taught)[0] @ views(1)[1])
    assert (towards > 0) is nearer


def test_pairs_are_counted_and_unsure_ones_teach_nothing(tmp_path: Path) -> None:
    path = written(tmp_path, "a,b,same_hand", "c,b,different", "a,d,unsure", "a,gone,same_hand")
    pairs = Pairs.of(FusionConfig(pairs=path), IDS)
    assert (pairs.counts, pairs.left_out) == ({"different": 1, "same_hand": 1}, 1)
    assert pairs.taught.tolist() == [True, True, True, False]
    assert pairs.among(np.array([2, 1])).tolist() == [[0, -1], [-1, 0]]
    assert "1 `different`, 1 `same_hand`" in pairs.described()


def business(folder: Path, *rows: str) -> Path:
    path = folder / "business.csv"
    path.write_text("\n".join(["customer_a,customer_b,label,weight", *rows]) + "\n", encoding="utf-8")
    return path


def test_business_pairs_weigh_what_they_say_and_decisions_count_before_them(tmp_path: Path) -> None:
    said = business(tmp_path, "b,a,both churned,2", "a,c,both churned,0.5", "a,c,one household,0.25", "c,d,rivals,-3")
    told = FusionConfig(pairs=written(tmp_path, "a,b,different"), business_pairs=said)
    pairs = Pairs.of(told, IDS)
    assert pairs.counts == {"both churned": 1, "different": 1, "one household": 1, "rivals": 1}
    relation = pairs.among(np.arange(4))
    assert relation.tolist() == [[0, -1, 0.75, 0], [-1, 0, 0, 0], [0.75, 0, 0, -3], [0, 0, -3, 0]]
    assert "1 `both churned`" in pairs.described()


def test_a_pair_draws_the_more_the_more_it_weighs() -> None:
    first = views(0).requires_grad_()
    pulls = []
    for weight in (0.0, 1.0, 4.0):
        told = torch.zeros(4, 4)
        told[0, 1] = told[1, 0] = weight
        (grad,) = torch.autograd.grad(taught_info_nce(first, views(1), told, 0.5, 1.0), first)
        pulls.append(float(-grad[0] @ views(1)[1]))
    assert pulls[0] < pulls[1] < pulls[2]


@pytest.mark.parametrize(
    ("row", "named"),
    [
        ("a,b,,1", "no label"),
        ("a,a,both churned,1", "two different customers"),
        ("a,b,both churned,0", "weight '0' is not usable"),
        ("a,b,both churned,", "weight None is not usable"),
        ("a,b,both churned,nan", "not usable"),
        ("a,b,both churned,101", "not usable"),
        ("a,b,both churned,much", "not usable"),
    ],
)
def test_business_pairs_that_cannot_be_used_are_named(tmp_path: Path, row: str, named: str) -> None:
    with pytest.raises(DataError, match=f"row 1[^\n]*{named}"):
        read_business_pairs(business(tmp_path, row))


def test_business_pairs_are_no_judgements_on_people(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no column 'decision'"):
        read_decisions(business(tmp_path, "a,b,both churned,1"))


@pytest.mark.parametrize("rows", [[], ["a,b,unsure"], ["x,y,same_hand"]])
def test_pairs_that_teach_nothing_are_refused(tmp_path: Path, rows: list[str]) -> None:
    with pytest.raises(DataError, match=r"no pair to learn from[\s\S]*fusion.pairs"):
        Pairs.of(FusionConfig(pairs=written(tmp_path, *rows)), IDS)


def test_different_alone_can_be_learned_from(tmp_path: Path) -> None:
    assert Pairs.of(FusionConfig(pairs=written(tmp_path, "a,b,different")), IDS).counts == {"different": 1}


def test_every_customer_comes_once_and_pairs_of_those_held_out_never(tmp_path: Path) -> None:
    pairs = Pairs.of(FusionConfig(pairs=written(tmp_path, "a,b,same_hand", "c,d,different")), IDS)
    batches = list(TaughtBatches(np.array([0, 1, 2]), pairs, 1, torch.Generator().manual_seed(0)))
    assert all({0, 1} <= set(batch) and 3 not in batch for batch in batches)
    assert len(batches) == 3
    assert 2 in set().union(*batches)


@pytest.mark.parametrize("wrong", [{"pair_weight": 0.0}, {"pair_weight": 101.0}])
def test_a_weight_out_of_bounds_is_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(SettingsError, match="pair_weight"):
        FusionConfig(**wrong)  # type: ignore[arg-type]


@pytest.mark.parametrize("kind", [FusionKind.early, FusionKind.late])
def test_a_space_that_learns_nothing_cannot_be_taught(kind: FusionKind) -> None:
    with pytest.raises(SettingsError, match=r"fusion.pairs[\s\S]*fusion=joint"):
        FusionConfig(kind=kind, pairs=Path("pairs.csv"))


def test_pairs_train_the_joint_space_anew_and_it_alone(
    bank: Bank, config: ModelConfig, model: Path, tmp_path: Path
) -> None:
    copied = Path(shutil.copytree(model, tmp_path / "model"))
    path = written(tmp_path, "c000,c001,same_hand", "c001,c002,different")
    taught = replace(config, fusion=replace(config.fusion, pairs=path))
    before = {part: (copied / part / "hash").read_text() for part in ("transactions", "notes", "id_images", "joint")}
    assert "not taught" in outdated(copied, modalities_of(bank), taught.fusion)
    assert list(train_missing(bank, taught, copied, 0)) == ["joint"]
    after = {part: (copied / part / "hash").read_text() for part in before}
    assert {part for part in before if before[part] != after[part]} == {"joint"}
    assert "1 `different`, 1 `same_hand`" in (copied / "joint" / "card.md").read_text()
    assert train_missing(bank, taught, copied, 0) == {}
    assert train_missing(bank, config, copied, 0) == {}
    path.write_text(path.read_text() + "c003,c002,different\n")
    assert list(train_missing(bank, taught, copied, 0)) == ["joint"]


def test_a_joint_space_of_another_version_is_trained_anew(
    bank: Bank, config: ModelConfig, model: Path, tmp_path: Path
) -> None:
    copied = Path(shutil.copytree(model, tmp_path / "model"))
    part = Part.read(copied / "joint", "joint")
    weights = {name: tensor for name, tensor in part.weights.items() if name != "whitening"}
    write_part(
        copied / "joint", kind="joint", weights=weights, preprocessing={}, settings=part.settings, metrics={}, card=""
    )
    assert "another version" in outdated(copied, modalities_of(bank), config.fusion)
    assert list(train_missing(bank, config, copied, 0)) == ["joint"]
    assert outdated(copied, modalities_of(bank), config.fusion) == ""
