"""What fifty decided pairs of one typology teach about the rings of whom nothing was said.

    python benchmarks/pairs.py --seeds 1-2

On each synthetic bank, six rings of each typology, three rings of one typology are decided: fifty of their pairs are
`same_hand`. Held against no decisions at all: the other three rings of that typology, and all rings of the others.
Three ways to learn are tried: the joint space by contrast (`fusion.pairs`), weights of the sources alone, and such
weights as a second way to add up (`detect.decisions`). Then the pairs that `ringsight watch` proposes for teaching: do
segments show afterwards, to whom a pair names and to whom none does? Then banks without rings, of whom somebody decided
fifty pairs wrongly: at random, and those that are most alike.
"""

import argparse
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import combinations
from pathlib import Path
from typing import Any
from unittest.mock import patch

import numpy as np
import polars as pl
from banks import CACHE, TRAINING_SEED, Prepared, Site, seeds, synthetic, train_shared
from numpy.typing import NDArray
from worlds import KINDS, draw

from ringsight.detection import detect as detection
from ringsight.detection.corroboration import PRICE
from ringsight.detection.settings import DetectConfig
from ringsight.detection.weights import Weights, learn_weights
from ringsight.drift.alignment import Neighbourhoods, neighbourhoods, pairs_to_teach
from ringsight.drift.settings import WatchConfig
from ringsight.encoders.fitting import fingerprint
from ringsight.encoders.settings import TrainerConfig
from ringsight.evaluation.measures import half_each_way
from ringsight.fusion import joint
from ringsight.fusion.embed import joint_vectors
from ringsight.fusion.evening import Evening, weigh
from ringsight.fusion.joint_training import PairedViews, learned_space, views_of
from ringsight.fusion.settings import FusionConfig, ModelConfig
from ringsight.fusion.taught_pairs import Pairs
from ringsight.fusion.training import modalities_of
from ringsight.graph.links import bits_above_chance
from ringsight.pipeline.embed import embed
from ringsight.records.bank import Bank, BankConfig
from ringsight.records.decisions import DECISIONS, SAME_HAND
from ringsight.records.embeddings import JOINT, Embeddings
from ringsight.records.reading import read_bank
from ringsight.records.synthetic import SyntheticBankConfig, generate_bank
from ringsight.records.synthetic.rings import Typology
from ringsight.runs.run import Run

NEAREST = 5
DECIDED = 50
TOLD = 3
"""Rings of a typology that are decided; as many are not."""
SEARCH = DetectConfig(permutations=60)
CUSTOMERS, RINGS, SIZES, TRAINED_ON = 900, 36, (5, 7), 600
Row = dict[str, Any]
"""What was measured of one bank, one typology decided and one way to learn; or of segments in one bank."""
Shares = dict[str, float]
"""Ring -> share of its members' mates among the nearest, or 1 where it is flagged and 0 where not."""


def main() -> None:
    """Measure what is not measured yet, and print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cache", type=Path, default=CACHE / "pairs")
    parser.add_argument("--seeds", type=seeds, default=seeds("1-2"))
    parser.add_argument("--ringless", type=int, default=8, help="banks without rings")
    asked = parser.parse_args()
    if not (asked.cache / "training_bank").is_dir():
        generate_bank(SyntheticBankConfig(customers=TRAINED_ON), TRAINING_SEED, asked.cache / "training_bank")
    train_shared(asked.cache)
    rows = [row for seed in asked.seeds for row in measured(asked.cache, seed)]
    print(tables([row for row in rows if "way" in row]))
    print(alignment_table([row for row in rows if "way" not in row]))
    print(ringless_table(asked.cache, asked.ringless))


def measured(cache: Path, seed: int) -> list[Row]:
    """Of one bank, a row for each typology decided and each way to learn: `gained` by ring, and who was told."""
    kept = cache / f"measured_{seed}.json"
    if not kept.is_file():
        kept.write_text(json.dumps(list(_rows(cache, seed)), indent=1), encoding="utf-8")
    rows: list[Row] = json.loads(kept.read_text(encoding="utf-8"))
    return rows


def _rows(cache: Path, seed: int) -> Iterator[Row]:
    site = synthetic(cache, "kinds", seed)
    if not site.bank.is_dir():
        config = SyntheticBankConfig(customers=CUSTOMERS, rings=RINGS, ring_size_min=SIZES[0], ring_size_max=SIZES[1])
        generate_bank(config, seed, site.bank)
    embed(read_bank(BankConfig(path=site.bank)), cache / "model", into=Run(site.run))
    prepared = site.read()
    near, space = NearestBits(prepared), Joint.of(cache, site, prepared, seed)
    before = {"bits": near.mates(), "joint": space.mates(None), "flags": flags(prepared, None)}
    rng = np.random.default_rng(seed)
    for typology in map(str, Typology):
        of = sorted(ring for ring, traits in prepared.truth.traits.items() if traits["typology"] == typology)
        told = rng.permutation(of)[:TOLD].tolist()
        path = decided(prepared, told, site.run / f"{typology}.csv", rng)
        weights = near.learned(path)
        after = {
            "joint space, taught by contrast": ("joint", space.mates(path)),
            "joint space, its spaces weighed": ("joint", space.mates(None, near.by_space(weights))),
            "bits, weighed alone": ("bits", near.mates(weights.ways[-1:])),
            "bits, added up two ways": ("bits", near.mates(weights.ways)),
            "flags, weighed alone": ("flags", flags(prepared, path, alone=True)),
            "flags, added up two ways": ("flags", flags(prepared, path)),
        }
        for way, (figure, shares) in after.items():
            gained = {ring: shares[ring] - before[figure][ring] for ring in shares}
            kinds = {ring: prepared.truth.traits[ring]["typology"] for ring in shares}
            yield {"seed": seed, "typology": typology, "way": way, "told": told, "gained": gained, "kinds": kinds} | {
                "before": before[figure]
            }
        print(f"bank {seed}, {typology}", flush=True)
    yield {"seed": seed, **alignments(prepared, space, site.run)}


def decided(prepared: Prepared, told: Sequence[str], path: Path, rng: np.random.Generator) -> Path:
    """Write fifty pairs of these rings as decided `same_hand`."""
    pairs = [pair for ring in told for pair in combinations(sorted(prepared.truth.rings[ring]), 2)]
    drawn = [pairs[at] for at in sorted(rng.permutation(len(pairs))[:DECIDED].tolist())]
    pl.DataFrame([(*pair, SAME_HAND) for pair in drawn], schema=DECISIONS, orient="row").write_csv(path)
    return path


class NearestBits:
    """The nearest of each customer by bits above chance, added up over all sources."""

    def __init__(self, prepared: Prepared) -> None:
        self.rings = rows_of_rings(prepared, prepared.bank.customer_ids)
        self.ids = prepared.bank.customer_ids
        evidence, _ = detection._weighed(prepared.bank, prepared.embeddings, SEARCH, 0)
        self.sources = evidence.sources
        self.pairs = np.triu_indices(len(self.ids), 1)
        self.bits = np.stack([bits_above_chance(each, *self.pairs) for each in self.sources], axis=1)

    def learned(self, path: Path) -> Weights:
        """Weights of the sources."""
        return learn_weights(self.sources, pl.read_csv(path), self.ids, 0)

    def by_space(self, weights: Weights) -> dict[str, float]:
        """Weight of each source by its name."""
        return {source.name: float(value) for source, value in zip(self.sources, weights.ways[-1], strict=True)}

    def mates(self, ways: NDArray[np.float64] | None = None) -> Shares:
        """Share of mates among the nearest, by the sum that suits each pair."""
        ways = np.ones((1, len(self.sources))) if ways is None else ways
        totals = self.bits @ ways.T
        suiting = (totals - np.array([0.0, PRICE])[: len(ways)]).argmax(axis=1, keepdims=True)
        total = np.take_along_axis(totals, suiting, axis=1)[:, 0]
        near = np.full((len(self.ids), len(self.ids)), -np.inf)
        near[self.pairs] = total
        return mates(np.maximum(near, near.T), self.rings)


class Joint:
    """The joint space of one bank, over the encoders that all banks share."""

    def __init__(self, views: PairedViews, seed: int, folder: Path, rings: Mapping[str, NDArray[np.int64]]) -> None:
        self.views, self.seed, self.folder, self.rings = views, seed, folder, rings

    @classmethod
    def of(cls, cache: Path, site: Site, prepared: Prepared, seed: int) -> "Joint":
        """See each customer in two views."""
        bank: Bank = prepared.bank.telling()
        views = views_of(bank, modalities_of(bank), seed, cache / "model")
        return cls(views, seed, site.run / "joint", rows_of_rings(prepared, views.whole.customer_ids))

    def mates(self, path: Path | None, weights: Mapping[str, float] | None = None) -> Shares:
        """Learn the space, by decided pairs or with its spaces weighed, and look for mates among the nearest."""
        vectors = self.vectors(FusionConfig(pairs=path), weights).vectors
        similarity = vectors @ vectors.T
        np.fill_diagonal(similarity, -np.inf)
        return mates(similarity, self.rings)

    def vectors(self, fusion: FusionConfig, weights: Mapping[str, float] | None = None) -> Embeddings:
        """Learn the space, and embed everybody in it."""
        config = ModelConfig(fusion=fusion, trainer=TrainerConfig(accelerator="cpu"))
        pairs = Pairs.of(fusion, self.views.first.customer_ids)
        of_run = fingerprint({"fusion": str(fusion), "weights": str(weights)}, pairs.digest, self.seed)
        told = [weights[name] if weights else 1.0 for names in self.views.spaces for name in names]

        def weighed(spaces: list[list[Evening]], spreads: list[list[float]]) -> None:
            equal(spaces, spreads)
            for evening, weight in zip([each for of in spaces for each in of], told, strict=True):
                evening.weight.mul_(weight)

        equal = weigh
        with patch.object(joint, "weigh", weighed):
            space, _ = learned_space(self.views, pairs, config, self.seed, (self.folder, of_run))
        return Embeddings(JOINT, self.views.whole.customer_ids, joint_vectors(space, self.views.whole), "", "")


def alignments(prepared: Prepared, space: Joint, folder: Path) -> dict[str, float]:
    """Share of the 15 nearest who have the same segment, before and after teaching the pairs that a watch proposes."""
    segments = dict(prepared.bank.customers.select("customer_id", "stratum").iter_rows())
    before = _neighbourhoods(space.vectors(FusionConfig()), segments)
    path = folder / "pairs_to_teach.csv"
    proposed = pairs_to_teach(before, WatchConfig().pairs)
    proposed.write_csv(path)
    after = _neighbourhoods(space.vectors(FusionConfig(business_pairs=path)), segments)
    named = np.isin(before.customer_ids, proposed.select("customer_a", "customer_b").unpivot()["value"].to_numpy())
    sizes = np.bincount(before.codes)
    return {
        "chance": float((sizes * (sizes - 1)).sum() / (len(named) * (len(named) - 1))),
        "pairs": float(len(proposed)),
        "named before": float(before.shared[named].mean()),
        "named after": float(after.shared[named].mean()),
        "others before": float(before.shared[~named].mean()),
        "others after": float(after.shared[~named].mean()),
    }


def _neighbourhoods(space: Embeddings, segments: Mapping[str, str]) -> Neighbourhoods:
    found = neighbourhoods(space, segments, CUSTOMERS, WatchConfig().neighbours, np.random.default_rng(0))
    assert found is not None, "the bank has segments"  # noqa: S101
    return found


def rows_of_rings(prepared: Prepared, ids: NDArray[np.str_]) -> dict[str, NDArray[np.int64]]:
    """Ring -> rows of its members among some customers."""
    return {ring: np.flatnonzero(np.isin(ids, sorted(who))) for ring, who in sorted(prepared.truth.rings.items())}


def mates(near: NDArray[np.floating], rings: Mapping[str, NDArray[np.int64]]) -> Shares:
    """Share of the members of each ring among each other's nearest; `near` of shape (customers, customers)."""
    nearest = np.argsort(-near, axis=1, kind="stable")[:, :NEAREST]
    possible = {ring: len(rows) * min(NEAREST, len(rows) - 1) for ring, rows in rings.items()}
    return {ring: float(np.isin(nearest[rows], rows).sum() / possible[ring]) for ring, rows in rings.items()}


def flags(prepared: Prepared, path: Path | None, *, alone: bool = False) -> Shares:
    """1 for each ring that is flagged, 0 for the others; `alone` leaves out the sum in which all count alike."""

    def taught(*told: object) -> Weights:
        weights = learn_weights(*told)  # type: ignore[arg-type]
        return replace(weights, ways=weights.ways[-1:])

    with patch.object(detection, "learn_weights", taught if alone else learn_weights):
        results = detection.detect(prepared.bank, prepared.embeddings, replace(SEARCH, decisions=path), 0)
    found = [frozenset(results.members_of(ring)) for ring in results.rings.filter("flagged")["ring_id"]]
    return {
        ring: float(any(half_each_way(flag, members) for flag in found))
        for ring, members in prepared.truth.rings.items()
    }


def tables(rows: Sequence[Row]) -> str:
    """By way to learn, what rings of each kind gained; then the kinds one by one."""
    head = "| way | before | decided | held out, of its kind | seed by seed | rings of other kinds | seed by seed |"
    lines = [head, "|---|---|---|---|---|---|---|"]
    kinds = ["| way | decided | held out, of its kind | the other kinds, one by one |", "|---|---|---|---|"]
    for way in dict.fromkeys(str(row["way"]) for row in rows):
        of_way = [row for row in rows if row["way"] == way]
        of_seeds = [[row for row in of_way if row["seed"] == seed] for seed in dict.fromkeys(r["seed"] for r in of_way)]
        cells = [f"{np.mean([gain for row in of_way for gain in row['before'].values()]):.3f}"]
        cells.append(f"{_mean(of_way, 'told'):+.3f}")
        for who in ("own", "others"):
            cells += [f"{_mean(of_way, who):+.3f}", ", ".join(f"{_mean(each, who):+.3f}" for each in of_seeds)]
        lines.append(f"| {way} | " + " | ".join(cells) + " |")
        for typology in dict.fromkeys(str(row["typology"]) for row in of_way):
            of = [row for row in of_way if row["typology"] == typology]
            others = ", ".join(f"{k} {_mean(of, k):+.3f}" for k in map(str, Typology) if k != typology)
            kinds.append(f"| {way} | {typology} | {_mean(of, 'own'):+.3f} | {others} |")
    return "\n".join([*lines, "", *kinds])


def _mean(rows: Sequence[Row], who: str) -> float:
    """Mean gain of the rings `told`, of the `own` kind and not told, of all `others`, or of one kind."""
    gains = []
    for row in rows:
        kinds, told, own = row["kinds"], row["told"], row["typology"]
        for ring, gain in row["gained"].items():
            kind = kinds[ring]
            named = "told" if ring in told else "own" if kind == own else "others"
            if who in (named, kind):
                gains.append(gain)
    return float(np.mean(gains))


def alignment_table(rows: Sequence[Row]) -> str:
    """By bank, how often neighbours share the segment."""
    columns = list(rows[0])
    lines = ["| " + " | ".join(columns) + " |", "|" + "---|" * len(columns)]
    return "\n".join([*lines, *("| " + " | ".join(f"{value:.3g}" for value in row.values()) + " |" for row in rows)])


def ringless_table(cache: Path, banks: int) -> str:
    """Banks without rings, and in how many of them anything is flagged."""
    lines = ["| fifty pairs decided `same_hand` | banks without rings | with a flag |", "|---|---|---|"]
    for how in ("at random", "the most alike"):
        flagged = sum(_flagged(cache, how, seed) for seed in range(banks))
        lines.append(f"| {how} | {banks} | {flagged} |")
    return "\n".join(lines)


def _flagged(cache: Path, how: str, seed: int) -> bool:
    bank, embeddings, truth = draw(KINDS["independent"], seed, 300, rings=False)
    near = NearestBits(Prepared("ringless", bank, embeddings, truth))
    total = near.bits.sum(axis=1) if how == "the most alike" else np.random.default_rng(seed).random(len(near.bits))
    chosen = np.argsort(-total)[:DECIDED]
    a, b = near.ids[near.pairs[0][chosen]], near.ids[near.pairs[1][chosen]]
    path = cache / "ringless.csv"
    pl.DataFrame({"customer_a": a, "customer_b": b, "decision": [SAME_HAND] * DECIDED}).write_csv(path)
    results = detection.detect(bank, embeddings, replace(SEARCH, decisions=path), seed)
    return bool(results.rings["flagged"].any())


if __name__ == "__main__":
    main()
