"""How much each space of a modality tells of rings: mates who are tied in the modality, against strangers.

    python benchmarks/facets.py --bank composite=FOLDER --seeds 1-3 --customers 800 --out facets.json

Each bank is embedded by a model trained on itself, as `ringsight run` does. Bits are those that detection counts
(`graph.sources`), averaged over all pairs of mates, less the average over pairs of strangers. AUC is the chance that a
pair of mates has more of them than a pair of strangers. `nearest` is the share of the same ring among the 5 nearest of
a ring's members, whatever the ring is tied in (as in `pairs.py`), and there the joint space is measured too, beside the
sum of all spaces' bits, which is no space but what one would hope to come near. With `--wide` the facets that are
reduced to 128 directions are fitted anew with 1,024, to show what the reduction costs.
"""

import argparse
import json
import statistics
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from itertools import combinations
from pathlib import Path

import numpy as np
from banks import CACHE, seeds
from numpy.typing import NDArray
from scipy.stats import rankdata

from ringsight.encoders.transaction_facets import count, fit_facets
from ringsight.encoders.transaction_features import transaction_features
from ringsight.evaluation.truth import Truth, read_truth
from ringsight.fusion.embed import embed_bank
from ringsight.fusion.settings import ModelConfig
from ringsight.fusion.training import train_missing
from ringsight.graph.sources import CHANCE_BITS, SpaceSource, space_source
from ringsight.records.bank import Bank, BankConfig
from ringsight.records.contract import modalities
from ringsight.records.embeddings import JOINT, Embeddings
from ringsight.records.reading import read_bank
from ringsight.records.synthetic import SyntheticBankConfig, generate_bank
from ringsight.records.writing import write_atomically
from ringsight.vectors.bulk import self_neighbours

STRANGERS = 20_000
"""Pairs of strangers drawn."""
NEAREST = 5
KEPT = 30
WIDE = 1024
REDUCED = ("counterparties", "amounts", "active_days")
Pairs = tuple[NDArray[np.int64], NDArray[np.int64]]
"""Rows of two customers each, in the bank's order."""


@dataclass(frozen=True, slots=True)
class Told:
    """What one space tells of the rings of one bank."""

    bank: str
    modality: str
    space: str
    dim: int
    customers: int
    """Who have a vector there."""
    bits: float | None
    """Of a pair of mates, less those of strangers."""
    auc: float | None
    pairs: int
    """Mates who both have a vector."""
    nearest: float
    """Share of the same ring among the nearest of a ring's members."""


def main() -> None:
    """Measure every bank, and print one table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cache", type=Path, default=CACHE / "facets")
    parser.add_argument("--seeds", type=seeds, default=[], help="of synthetic banks, for example 1-3")
    parser.add_argument("--customers", type=int, default=800, help="of each synthetic bank")
    parser.add_argument("--bank", action="append", default=[], metavar="NAME=FOLDER", help="has truth/labels.csv")
    parser.add_argument("--rings", choices=("all", "odd", "even"), default="all", help="of each bank, in order of id")
    parser.add_argument("--wide", action="store_true", help="fit reduced facets with 1,024 directions too")
    parser.add_argument("--out", type=Path, help="JSON file for the figures")
    asked = parser.parse_args()
    folders = dict(given.split("=", 1) for given in asked.bank)
    for seed in asked.seeds:
        folder = asked.cache / f"bank-{asked.customers}-{seed}"
        if not folder.is_dir():
            generate_bank(SyntheticBankConfig(customers=asked.customers), seed, folder)
        folders[f"synthetic {seed}"] = folder
    told: list[Told] = []
    for name, folder in folders.items():
        bank, truth = read_bank(BankConfig(path=Path(folder))), read_truth(Path(folder) / "truth")
        spaces = embedded(bank, asked.cache / name.replace(" ", "-"))
        if asked.wide:
            spaces |= widened(bank, spaces)
        told += measured(name, bank, spaces, truth, asked.rings)
    print(table(told, lambda each: f"{each.bits:.1f} · {each.auc:.3f}" if each.pairs else "", "bits of a pair · AUC"))
    print(table(told, lambda each: f"{each.nearest:.3f}", "mates among the nearest"))
    if asked.out:
        with write_atomically(asked.out) as partial:
            partial.write_text(json.dumps([asdict(each) for each in told], indent=2) + "\n", encoding="utf-8")


def embedded(bank: Bank, cache: Path) -> dict[str, Embeddings]:
    """Train a model on the bank and embed it, or take what is there of the same records."""
    train_missing(bank, ModelConfig(), cache / "model", 0)
    files = sorted((cache / "embeddings").glob("*.parquet"))
    spaces = {path.stem: Embeddings.read(path) for path in files}
    if not spaces or any(each.data_hash != bank.data_hash for each in spaces.values()):
        spaces = embed_bank(bank, cache / "model")
        for name, each in spaces.items():
            each.write(cache / "embeddings" / f"{name}.parquet")
    return spaces


def widened(bank: Bank, spaces: Mapping[str, Embeddings]) -> dict[str, Embeddings]:
    """The reduced facets of transactions with `WIDE` directions, fitted on the bank itself."""
    counts = count(bank.transactions, transaction_features(bank.transactions, counterparty_dim=1))
    vectors = fit_facets(counts, WIDE).apply(counts)
    wide = {}
    for name in REDUCED:
        lengths = np.linalg.norm(vectors[name], axis=1)
        unit = vectors[name][lengths > 0] / lengths[lengths > 0, None]
        ids = counts.customer_ids[lengths > 0]
        wide[f"{name}, wide"] = Embeddings(f"{name}, wide", ids, unit, "wide", bank.data_hash, spaces[name].modality)
    return wide


def chosen(truth: Truth, which: str) -> dict[str, set[tuple[str, ...]]]:
    """Modality -> members of the rings that are tied in it; every ring of the bank, or every other one."""
    start, step = {"all": (0, 1), "even": (0, 2), "odd": (1, 2)}[which]
    rings = sorted(truth.rings)[start::step]
    tied = {ring: truth.traits.get(ring, {}).get("tied", "").split(" + ") for ring in rings}
    return {
        modality: {tuple(sorted(truth.rings[ring])) for ring in rings if modality in tied[ring]}
        for modality in modalities()
    }


def measured(
    name: str, bank: Bank, spaces: Mapping[str, Embeddings], truth: Truth, which: str = "all"
) -> Iterator[Told]:
    """Measure every space where the bank has mates who are tied in its modality, and the joint one by all rings."""
    tied = chosen(truth, which)
    rings = {ring for members in tied.values() for ring in members}
    apart = strangers(bank.customer_ids, [tuple(sorted(members)) for members in truth.rings.values()])
    sources = {}
    for space, each in sorted(spaces.items(), key=lambda item: (item[1].modality == JOINT, item[1].modality)):
        together = pairs_of(bank.customer_ids, rings if space == JOINT else tied[each.modality])
        source = sources[space] = space_source(each, bank.customer_ids, KEPT)
        near, far = (source.pair_bits(*present(pairs, source.present)) for pairs in (together, apart))
        if len(near) and len(far):
            bits, nearest = float(near.mean() - far.mean()), mates(each, map(frozenset, sorted(rings)))
            people = len(each.customer_ids)
            yield Told(name, each.modality, space, each.dim, people, bits, auc(near, far), len(near), nearest)
    alone = [source for space, source in sources.items() if space != JOINT and not space.endswith(", wide")]
    if rings:
        nearest = nearest_by_bits(alone, bank.customer_ids, rings)
        yield Told(name, JOINT, "sum of all bits", 0, len(bank.customer_ids), None, None, 0, nearest)


def nearest_by_bits(sources: list[SpaceSource], customer_ids: NDArray[np.str_], rings: set[tuple[str, ...]]) -> float:
    """`Told.nearest` of no space, but of the sum of all spaces' bits above chance."""
    shares = []
    everybody = np.arange(len(customer_ids))
    for ring in sorted(rings):
        members = np.searchsorted(customer_ids, np.array(ring))
        hits = 0
        for member in members:
            total = np.zeros(len(everybody))
            for source in sources:
                there = source.present & source.present[member]
                total[there] += source.pair_bits(np.full(int(there.sum()), member), everybody[there]) - CHANCE_BITS
            total[member] = -np.inf
            hits += int(np.isin(np.argsort(-total, kind="stable")[:NEAREST], members).sum())
        shares.append(hits / (len(members) * min(NEAREST, len(members) - 1)))
    return float(np.mean(shares))


def pairs_of(customer_ids: NDArray[np.str_], rings: Iterable[tuple[str, ...]]) -> Pairs:
    """Every pair of members of the same ring."""
    pairs = np.array([pair for ring in sorted(rings) for pair in combinations(ring, 2)], dtype=np.str_).reshape(-1, 2)
    rows = np.searchsorted(customer_ids, pairs)
    return rows[:, 0], rows[:, 1]


def strangers(customer_ids: NDArray[np.str_], rings: list[tuple[str, ...]]) -> Pairs:
    """Pairs of customers of chance, members of one ring left out."""
    together = {frozenset(pair) for ring in rings for pair in combinations(ring, 2)}
    drawn = np.random.default_rng(0).integers(len(customer_ids), size=(STRANGERS, 2))
    apart = [a != b and frozenset((customer_ids[a], customer_ids[b])) not in together for a, b in drawn]
    return drawn[apart, 0], drawn[apart, 1]


def present(pairs: Pairs, there: NDArray[np.bool_]) -> Pairs:
    """The pairs of whom both are there."""
    both = there[pairs[0]] & there[pairs[1]]
    return pairs[0][both], pairs[1][both]


def auc(near: NDArray[np.float64], far: NDArray[np.float64]) -> float:
    """Chance that one of `near` is above one of `far`; a tie counts half."""
    ranks = rankdata(np.concatenate([near, far]))[: len(near)]
    return float((ranks.sum() - len(near) * (len(near) + 1) / 2) / (len(near) * len(far)))


def table(told: list[Told], shown: Callable[[Told], str], what: str) -> str:
    """One row a space, one column a bank, as Markdown."""
    banks = list(dict.fromkeys(each.bank for each in told))
    cells = {(each.space, each.bank): shown(each) for each in told}
    lines = [f"| modality | space | {what}: " + " | ".join(banks) + " |", "|---" * (len(banks) + 2) + "|"]
    for modality, space in dict.fromkeys((each.modality, each.space) for each in told):
        found = " | ".join(cells.get((space, bank), "") for bank in banks)
        lines.append(f"| {modality} | {space} | {found} |")
    return "\n".join([*lines, ""])


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
