"""How many circles, chains and fans of transfers are found, and how many flags are false.

    python benchmarks/transfers.py [banks=8] [bank=FOLDER patterns=FILE]

Drawn banks (`transfer_worlds`), with what is planted and without; and, where a folder is given, a bank of others,
whose patterns are a table of `type` and `accounts`, parted by blanks. Detection has transfers alone: no space of any
modality.
A pattern is found if a flagged ring holds half of it and is half of it; a flag is false if it holds three of none.
Customers are ranked too: by the best ring that they are in, and by how many others they exchange money with.
"""

import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import polars as pl
from scipy.stats import rankdata
from transfer_worlds import Drawn, TransferWorld, draw_transfers

from ringsight.detection.detect import detect
from ringsight.detection.results import Results
from ringsight.detection.settings import DetectConfig
from ringsight.records.bank import BankConfig
from ringsight.records.reading import read_bank
from ringsight.records.transfers import transfers_between

TIED = 3
"""Members of one pattern without whom a flag is false."""


def found(results: Results, planted: Sequence[tuple[str, set[str]]]) -> tuple[Counter[str], int, int]:
    """What is found by kind, how many flags there are, and how many of them are false."""
    flagged = results.rings.filter("flagged")["ring_id"].to_list()
    flags = [set(results.members_of(ring_id)) for ring_id in flagged]
    kinds = Counter(
        kind for kind, ring in planted if any(2 * len(ring & flag) >= max(len(ring), len(flag)) for flag in flags)
    )
    false = sum(all(len(flag & ring) < TIED for _, ring in planted) for flag in flags)
    return kinds, len(flags), false


def ranking(results: Results, drawn: Drawn) -> tuple[float, float]:
    """Chance that a customer of a pattern ranks above another: by rings, and by how many they exchange money with."""
    ids = drawn.bank.customers["customer_id"]
    guilty = ids.is_in(list({member for _, ring in drawn.planted for member in ring})).to_numpy()
    best = results.members.join(results.rings.select("ring_id", "score"), on="ring_id")
    score = dict(best.group_by("customer_id").agg(pl.col("score").max()).iter_rows())
    sent = transfers_between(drawn.bank).select("sender", "receiver")
    both = pl.concat([sent, sent.select(sender="receiver", receiver="sender")])
    degree = dict(both.group_by("sender").agg(pl.col("receiver").n_unique()).iter_rows())
    lowest = min(score.values(), default=0.0) - 1
    by_ring, by_degree = ([known.get(name, other) for name in ids] for known, other in ((score, lowest), (degree, 0)))
    return _auc(np.array(by_ring), guilty), _auc(np.array(by_degree), guilty)


def _auc(scores: np.ndarray, guilty: np.ndarray) -> float:
    ranks, count = rankdata(scores), int(guilty.sum())
    return float((ranks[guilty].sum() - count * (count + 1) / 2) / max(count * (len(guilty) - count), 1))


def told(drawn: Drawn, seed: int) -> str:
    """A line for one bank."""
    results = detect(drawn.bank, {}, DetectConfig(), seed)
    kinds, flags, false = found(results, drawn.planted)
    planted = Counter(kind for kind, _ in drawn.planted)
    words = (
        ", ".join(f"{kind} {kinds[kind]} of {count}" for kind, count in sorted(planted.items())) or "nothing planted"
    )
    ranked = "; AUC {:.2f} by rings, {:.2f} by degree".format(*ranking(results, drawn)) if planted else ""
    return f"{words}; {flags} flags, {false} false{ranked}"


def main(*given: str) -> None:
    """Print a line for each bank."""
    asked = dict(each.split("=", 1) for each in given)
    for seed in range(int(asked.get("banks", "8"))):
        print(f"bank {seed}: {told(draw_transfers(TransferWorld(), seed), seed)}", flush=True)
        honest = TransferWorld(circles=0, chains=0, fans=0)
        print(f"bank {seed}: {told(draw_transfers(honest, 100 + seed), seed)}", flush=True)
    if "bank" in asked:
        patterns = pl.read_csv(asked["patterns"]).select("type", "accounts").iter_rows()
        planted = [(kind, set(accounts.split())) for kind, accounts in patterns]
        bank = read_bank(BankConfig(path=Path(asked["bank"])))
        print(f"{asked['bank']}: {told(Drawn(bank, planted), 0)}")


if __name__ == "__main__":
    main(*sys.argv[1:])
