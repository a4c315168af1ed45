"""What the joint space learns from decided pairs about rings of whom nothing was said.

    python benchmarks/pairs.py --seeds 5 --customers 1000

On each synthetic bank half of the rings are decided `same_hand`, and as many groups of honest people who look alike
`different`; the joint space is trained with `fusion.pairs` and without, over the same encoders. What counts is the
other half of the rings: how many of the 5 nearest of their members are of the same ring.
"""

import argparse
import shutil
import statistics
from collections.abc import Iterable, Sequence
from itertools import combinations
from pathlib import Path

import numpy as np
import polars as pl
from banks import CACHE

from ringsight.evaluation.truth import Truth, read_truth
from ringsight.fusion.settings import FusionConfig, ModelConfig
from ringsight.pipeline.embed import embed
from ringsight.pipeline.train import train
from ringsight.records.bank import Bank, BankConfig
from ringsight.records.decisions import DECISIONS, DIFFERENT, SAME_HAND
from ringsight.records.embeddings import JOINT, Embeddings
from ringsight.records.reading import read_bank
from ringsight.records.synthetic import SyntheticBankConfig, generate_bank
from ringsight.runs.run import Run
from ringsight.vectors.bulk import self_neighbours

NEAREST = 5
LARGEST = 12
"""Members of a benign group that a person would decide on as one."""
SPACES = ("without pairs", "with pairs")


def main() -> None:
    """Train with and without pairs on every bank, and print a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cache", type=Path, default=CACHE)
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--customers", type=int, default=1000)
    asked = parser.parse_args()
    shares: dict[tuple[str, str], list[float]] = {}
    for seed in range(1, asked.seeds + 1):
        for space, of_rings in compared(asked.cache / "pairs" / str(seed), asked.customers, seed).items():
            for rings, share in of_rings.items():
                shares.setdefault((rings, space), []).append(share)
    print("| of the 5 nearest, share of the same ring | " + " | ".join(SPACES) + " | difference, seed by seed |")
    print("|---|---|---|---|")
    for rings in ("rings that were decided", "rings of whom nothing was said"):
        without, taught = (shares[rings, space] for space in SPACES)
        gained = ", ".join(f"{after - before:+.3f}" for before, after in zip(without, taught, strict=True))
        print(f"| {rings} | {statistics.mean(without):.3f} | {statistics.mean(taught):.3f} | {gained} |")


def compared(folder: Path, customers: int, seed: int) -> dict[str, dict[str, float]]:
    """Space -> rings decided or not -> share of mates among the nearest; of one bank."""
    if not (folder / "bank" / "truth").is_dir():
        generate_bank(SyntheticBankConfig(customers=customers), seed, folder / "bank")
    bank = read_bank(BankConfig(path=folder / "bank"))
    truth = read_truth(folder / "bank" / "truth")
    train(bank, folder / "model", seed=seed)
    embeddings = embed(bank, folder / "model", into=Run(folder))
    told = np.random.default_rng(seed).permutation(sorted(truth.rings))[: len(truth.rings) // 2].tolist()
    rings = {
        "rings that were decided": [truth.rings[ring] for ring in told],
        "rings of whom nothing was said": [truth.rings[ring] for ring in sorted(set(truth.rings) - set(told))],
    }
    with_pairs = taught(folder, bank, decided(truth, told), seed)
    spaces = dict(zip(SPACES, (embeddings[JOINT], with_pairs), strict=True))
    return {space: {name: mates(vectors, of) for name, of in rings.items()} for space, vectors in spaces.items()}


def decided(truth: Truth, told: Sequence[str]) -> pl.DataFrame:
    """Every pair of the rings told, and of as many benign groups; columns of `DECISIONS`."""
    benign = [sorted(group) for _, group in sorted(truth.benign.items()) if len(group) <= LARGEST][: len(told)]
    groups = [(sorted(truth.rings[ring]), SAME_HAND) for ring in told] + [(group, DIFFERENT) for group in benign]
    rows = {(a, b): decision for members, decision in groups for a, b in combinations(members, 2)}
    return pl.DataFrame([(*pair, decision) for pair, decision in rows.items()], schema=DECISIONS, orient="row")


def taught(folder: Path, bank: Bank, decisions: pl.DataFrame, seed: int) -> Embeddings:
    """The joint space of the same encoders, taught by decisions."""
    decisions.write_csv(folder / "decided.csv")
    model = folder / "taught_model"
    if not model.is_dir():
        shutil.copytree(folder / "model", model)
    config = ModelConfig(fusion=FusionConfig(pairs=folder / "decided.csv"))
    train(bank, model, config, part=JOINT, seed=seed)
    return embed(bank, model, into=Run(folder / "taught"))[JOINT]


def mates(space: Embeddings, rings: Iterable[frozenset[str]]) -> float:
    """Share of the same ring among the nearest of the members of some rings, a ring being worth as much as another."""
    near = self_neighbours(space, NEAREST).indices
    row = {customer: at for at, customer in enumerate(space.customer_ids.tolist())}
    shares = []
    for ring in rings:
        members = np.array([row[customer] for customer in ring if customer in row])
        if len(members) > 1:
            possible = min(NEAREST, len(members) - 1)
            shares.append(np.isin(near[members], members).sum() / (len(members) * possible))
    return float(statistics.mean(shares))


if __name__ == "__main__":
    main()
