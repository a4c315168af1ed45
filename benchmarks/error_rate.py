"""Does the error rate hold? Flags in banks without rings, and the false share of flags in banks with rings.

    python benchmarks/error_rate.py --no-rings 1-200 --rings 1-20

reads what `banks.py` prepared, prints two tables in Markdown and draws docs/error_rate.svg and .png. A flag is held
against the truth by the rule of `ringsight evaluate`; flags on benign coordination (households, employers, booths) are
counted as false in one column, and set aside in the other.
"""

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
from banks import CACHE, Site, in_processes, seeds, synthetic
from detections import detected, flagged_at
from numpy.typing import NDArray
from scipy.stats import beta
from verdicts import false_share, held_against

RATES = (0.05, 0.1, 0.2)
DRAWS = 10_000
COLUMNS = {"benign groups set aside": False, "benign groups counted as false": True}
"""Column -> whether a flag on a benign group is false."""


@dataclass(frozen=True, slots=True)
class Interval:
    """An estimate between the bounds of its 95 % interval."""

    value: float
    low: float
    high: float

    def __str__(self) -> str:
        """As a cell of a table."""
        return f"{self.value:.3f} ({self.low:.3f} to {self.high:.3f})"


@dataclass(frozen=True, slots=True)
class Flags:
    """The flags of one bank at one rate."""

    flags: int
    found: int
    """True rings found."""
    benign: int
    """Flags on benign groups."""
    false: int
    """Flags that found no ring, benign ones left out."""
    shares: tuple[float, float]
    """Realised false share, in the order of `COLUMNS`."""


def main() -> None:
    """Detect in every bank, print the tables and draw the plot."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cache", type=Path, default=CACHE)
    parser.add_argument("--no-rings", type=seeds, default=[], help="seeds of the set no_rings, for example 1-200")
    parser.add_argument("--rings", type=seeds, default=[], help="seeds of the set rings, for example 1-20")
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--docs", type=Path, default=Path("docs"))
    asked = parser.parse_args()
    without, with_rings = (
        in_processes(flags_of, [(synthetic(asked.cache, name, seed),) for seed in chosen], asked.processes)
        for name, chosen in (("no_rings", asked.no_rings), ("rings", asked.rings))
    )
    if without:
        print(no_ring_table(without))
    if with_rings:
        print(ring_table(with_rings))
    if without and with_rings:
        draw(without, with_rings, asked.docs)


def flags_of(site: Site) -> list[Flags]:
    """The flags of one bank, at each of `RATES`."""
    prepared = site.read()
    results = detected(site, prepared)
    at_rates = []
    for rate in RATES:
        cases = held_against(flagged_at(results, rate), prepared.truth)
        at_rates.append(
            Flags(
                flags=len(cases),
                found=len({ring for case in cases for ring in case.rings}),
                benign=sum(case.benign for case in cases),
                false=sum(case.false and not case.benign for case in cases),
                shares=(false_share(cases, benign_false=False), false_share(cases, benign_false=True)),
            )
        )
    return at_rates


def any_flag(banks: Sequence[Sequence[Flags]], rate: int, *, benign_false: bool) -> Interval:
    """Share of banks with a false flag at `RATES[rate]`, by Clopper and Pearson (1934)."""
    hits = sum(bank[rate].false > 0 or (benign_false and bank[rate].benign > 0) for bank in banks)
    whole = len(banks)
    low = beta.ppf(0.025, hits, whole - hits + 1) if hits else 0.0
    high = beta.ppf(0.975, hits + 1, whole - hits) if hits < whole else 1.0
    return Interval(hits / whole, float(low), float(high))


def mean_share(banks: Sequence[Sequence[Flags]], rate: int, column: int) -> Interval:
    """Mean realised false share at `RATES[rate]`, by a bootstrap over banks (Efron 1979)."""
    shares = np.array([bank[rate].shares[column] for bank in banks])
    drawn = np.random.default_rng(0).choice(shares, (DRAWS, len(shares))).mean(axis=1)
    low, high = np.quantile(drawn, [0.025, 0.975])
    return Interval(float(shares.mean()), float(low), float(high))


def no_ring_table(banks: Sequence[Sequence[Flags]]) -> str:
    """Share of banks without rings in which anything is flagged."""
    lines = [
        f"## Banks without rings: share of {len(banks)} with a flag (95 % interval, Clopper-Pearson)",
        "",
        "| rate asked | " + " | ".join(COLUMNS) + " |",
        "|---|---|---|",
    ]
    for index, rate in enumerate(RATES):
        shares = [any_flag(banks, index, benign_false=benign) for benign in COLUMNS.values()]
        lines.append(f"| {rate} | " + " | ".join(map(str, shares)) + " |")
    return "\n".join([*lines, ""])


def ring_table(banks: Sequence[Sequence[Flags]]) -> str:
    """Realised false share in banks with rings."""
    lines = [
        f"## Banks with rings: realised false share, mean of {len(banks)} (95 % interval, bootstrap over banks)",
        "",
        "| rate asked | " + " | ".join(COLUMNS) + " | rings found, mean | flags, mean | of them benign |",
        "|---|---|---|---|---|---|",
    ]
    for index, rate in enumerate(RATES):
        shares = [mean_share(banks, index, column) for column in range(len(COLUMNS))]
        counts = [(bank[index].found, bank[index].flags, bank[index].benign) for bank in banks]
        means = [f"{mean:.1f}" for mean in np.mean(counts, axis=0)]
        lines.append(f"| {rate} | " + " | ".join([*map(str, shares), *means]) + " |")
    return "\n".join([*lines, ""])


def draw(without: Sequence[Sequence[Flags]], with_rings: Sequence[Sequence[Flags]], docs: Path) -> None:
    """Draw realised against asked, with intervals, as docs/error_rate.svg and .png."""
    mpl.use("Agg")
    mpl.rcParams["svg.hashsalt"] = "ringsight"
    from matplotlib import pyplot as plt

    figure, panels = plt.subplots(1, 2, figsize=(8, 4), sharey=True, layout="constrained")
    titles = (
        f"False share of flags,\n{len(with_rings)} banks with rings",
        f"Share of banks with a flag,\n{len(without)} banks without rings",
    )
    for axes, title in zip(panels, titles, strict=True):
        axes.plot([0, 0.25], [0, 0.25], color="0.7", linewidth=1, label="realised = asked")
        axes.set(title=title, xlabel="false-discovery rate asked", xlim=(0, 0.25), xticks=[0, *RATES])
    for column, (name, benign) in enumerate(COLUMNS.items()):
        look = {"color": ("#0072b2", "#d55e00")[column], "marker": "os"[column], "label": name}
        x = np.array(RATES) + (-0.002, 0.002)[column]
        _bars(panels[0], x, [mean_share(with_rings, index, column) for index in range(len(RATES))], look)
        _bars(panels[1], x, [any_flag(without, index, benign_false=benign) for index in range(len(RATES))], look)
    panels[0].set(ylabel="realised, with 95 % intervals", ylim=(0, None))
    panels[0].legend(fontsize="small", loc="upper left", frameon=False)
    docs.mkdir(exist_ok=True)
    figure.savefig(docs / "error_rate.svg", metadata={"Date": None})
    figure.savefig(docs / "error_rate.png", dpi=150)
    plt.close(figure)


def _bars(axes: "mpl.axes.Axes", x: NDArray[np.float64], shares: Sequence[Interval], look: dict[str, Any]) -> None:
    value = np.array([share.value for share in shares])
    below = value - [share.low for share in shares]
    above = [share.high for share in shares] - value
    axes.errorbar(x, value, yerr=[below, above], linestyle="", capsize=3, clip_on=False, **look)


if __name__ == "__main__":
    main()
