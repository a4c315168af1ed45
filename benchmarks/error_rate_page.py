"""The tables and the plot of `error_rate.py`."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import matplotlib as mpl
import numpy as np
from numpy.typing import NDArray
from scipy.stats import beta
from worlds import GROUP_SIZES, GROUP_STRENGTHS, HONEST_GROUPS, KINDS, STRENGTH

from ringsight.detection.settings import DetectConfig
from ringsight.evaluation.measures import FALSE_UNLESS_TIED

if TYPE_CHECKING:
    from error_rate import Outcome

DRAWS = 10_000
SHOWN = 0.05
"""The rate that the plot shows."""
USUAL_CAP = DetectConfig().tail_bits
GROUPS = {world for world, _ in HONEST_GROUPS.values()}
"""Worlds that have a table of their own."""


@dataclass(frozen=True, slots=True)
class Interval:
    """An estimate between the bounds of its 95 % interval."""

    value: float
    low: float
    high: float

    def __str__(self) -> str:
        """As a cell of a table."""
        return f"{self.value:.3f} ({self.low:.3f} to {self.high:.3f})"


def share_of_banks(hits: Sequence[bool]) -> Interval:
    """Share of banks, by Clopper and Pearson (1934, Biometrika 26:404)."""
    count, whole = sum(hits), len(hits)
    low = beta.ppf(0.025, count, whole - count + 1) if count else 0.0
    high = beta.ppf(0.975, count + 1, whole - count) if count < whole else 1.0
    return Interval(count / whole, float(low), float(high))


def mean_share(parts: Sequence[int], wholes: Sequence[int]) -> Interval:
    """Mean share over banks, 0 where there is no whole, by a bootstrap over banks (Efron 1979)."""
    shares = np.array(parts) / np.maximum(wholes, 1)
    drawn = np.random.default_rng(0).choice(shares, (DRAWS, len(shares))).mean(axis=1)
    low, high = np.quantile(drawn, [0.025, 0.975])
    return Interval(float(shares.mean()), float(low), float(high))


def stated_share(banks: Sequence["Outcome"]) -> Interval | None:
    """Mean false share of the flags of those banks of which a rate is stated; None where there is none."""
    stated = [each for each in banks if each.stated]
    return mean_share([each.false for each in stated], [each.flags for each in stated]) if stated else None


def written(outcomes: Sequence["Outcome"]) -> str:
    """The page, in Markdown."""
    rates = sorted({each.search.rate for each in outcomes})
    lines = [
        "# Does the error rate hold?",
        "",
        f"In each of {len(KINDS)} kinds of world (drawn as embeddings: `benchmarks/worlds.py`) banks with and without",
        f"rings are searched. {FALSE_UNLESS_TIED.capitalize()}, honest groups included.",
        f"A rate is withheld where the guard is beyond {DetectConfig().guard_bits} bits at the median of ordinary",
        f"groups, or {DetectConfig().guard_upper_bits} where the upper tenth of them begins. Intervals are of 95 %:",
        "of a share of banks by Clopper and Pearson, of a mean by a bootstrap over banks. Written by",
        "`python benchmarks/error_rate.py`.",
        "",
        "![Realised, by world](error_rate.png)",
    ]
    for rate in rates:
        at = [each for each in outcomes if each.search.rate == rate]
        usual = [each for each in at if each.search.world not in GROUPS and each.search.tail_bits == USUAL_CAP]
        tables = {
            "Without rings": _without_rings(usual),
            "With rings": _with_rings(usual),
            "One honest group that is alike in everything": _with_group(at),
            "What agreement inside one modality may count": _by_cap(at),
        }
        for title, table in tables.items():
            lines += ["", f"## {title}, asked {rate}", "", *table] if table else []
    return "\n".join([*lines, ""])


def by_world(outcomes: Sequence["Outcome"], *, rings: bool) -> dict[tuple[str, int], list["Outcome"]]:
    """The banks of each world and size, with rings or without, in the order of `KINDS`."""
    order = list(KINDS)
    found: dict[tuple[str, int], list[Outcome]] = {}
    for each in outcomes:
        if each.search.rings == rings:
            found.setdefault((each.search.world, each.search.customers), []).append(each)
    return dict(
        sorted(
            found.items(), key=lambda item: (order.index(item[0][0]) if item[0][0] in order else len(order), item[0])
        )
    )


def _without_rings(outcomes: Sequence["Outcome"]) -> list[str]:
    lines = [
        "| world | customers | banks | with a flag, rate stated | with a flag, rate stated or not | rate withheld |",
        "|---|---|---|---|---|---|",
    ]
    for (world, customers), banks in by_world(outcomes, rings=False).items():
        flagged = share_of_banks([each.stated and each.flags > 0 for each in banks])
        either = share_of_banks([each.flags > 0 for each in banks])
        withheld = sum(not each.stated for each in banks)
        lines.append(f"| {world} | {customers or ''} | {len(banks)} | {flagged} | {either} | {withheld} |")
    stated = [each.flags > 0 for each in outcomes if each.stated and not each.search.rings]
    told = f": a share of {share_of_banks(stated)}" if stated else ""
    return [*lines, "", f"Where a rate was stated, {sum(stated)} of {len(stated)} banks had a flag{told}."]


def _with_rings(outcomes: Sequence["Outcome"]) -> list[str]:
    lines = [
        "| world | customers | banks | false share of flags, rate stated | the same, rate stated or not "
        "| rate withheld | rings found | members wrongly named |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for (world, customers), banks in by_world(outcomes, rings=True).items():
        false = stated_share(banks) or ""
        either = mean_share([each.false for each in banks], [each.flags for each in banks])
        found = f"{np.mean([each.found for each in banks]):.1f} of {np.mean([each.planted for each in banks]):.1f}"
        wrong = mean_share([each.named - each.right for each in banks], [each.named for each in banks])
        withheld = sum(not each.stated for each in banks)
        cells = (world, customers or "", len(banks), false, either, withheld, found, wrong)
        lines.append("| " + " | ".join(map(str, cells)) + " |")
    stated = [each for each in outcomes if each.stated and each.search.rings]
    if not stated:
        return lines
    wrong = mean_share([each.named - each.right for each in stated], [each.named for each in stated])
    told = (
        f"{stated_share(stated)} of the flags were false on average, and {wrong} of the people in flags wrongly named"
    )
    return [*lines, "", f"Where a rate was stated ({len(stated)} banks), {told}."]


def _with_group(outcomes: Sequence["Outcome"]) -> list[str]:
    outcomes = [each for each in outcomes if each.search.world in GROUPS]
    if not outcomes:
        return []
    lines = [
        "Customers who are alike in every modality, no hand behind them and no column that says why, are a ring to any",
        "method that looks at records: where such groups are common, no rate holds. Share of banks in which the one",
        "group planted is flagged at a stated rate, by its members and by the share of the variance that they have in",
        f"common (a ring's is {STRENGTH}, in two modalities of three).",
        "",
        "| members | " + " | ".join(map(str, GROUP_STRENGTHS)) + " | banks each |",
        "|---" * (len(GROUP_STRENGTHS) + 2) + "|",
    ]
    for size in GROUP_SIZES:
        cells, counts = [], []
        for strength in GROUP_STRENGTHS:
            world, _ = HONEST_GROUPS[size, strength]
            banks = [each for each in outcomes if each.search.world == world]
            counts.append(len(banks))
            cells.append(f"{np.mean([each.stated and each.flags > 0 for each in banks]):.2f}" if banks else "")
        lines.append(f"| {size} | " + " | ".join(cells) + f" | {min(counts)} |")
    return lines


def _by_cap(outcomes: Sequence["Outcome"]) -> list[str]:
    """The banks that were searched at several caps, at each of them."""
    caps = sorted({each.search.tail_bits for each in outcomes})
    by_bank: dict[tuple[str, bool, int, int], dict[float, Outcome]] = {}
    for each in outcomes:
        bank = (each.search.world, each.search.rings, each.search.customers, each.search.seed)
        by_bank.setdefault(bank, {})[each.search.tail_bits] = each
    if len(caps) < 2:
        return []
    lines = [
        "By `detect.tail_bits`, in the same banks: what a higher cap finds, and its price; rates stated or not.",
        "",
        "| world | rings | banks | cap | rings found | false share of flags | banks with a flag |",
        "|---|---|---|---|---|---|---|",
    ]
    whole = {bank: at for bank, at in by_bank.items() if len(at) == len(caps)}
    for world, rings in sorted({bank[:2] for bank in whole}):
        for cap in caps:
            banks = [at[cap] for bank, at in whole.items() if bank[:2] == (world, rings)]
            found = f"{np.mean([each.found for each in banks]):.1f} of {np.mean([each.planted for each in banks]):.1f}"
            false = mean_share([each.false for each in banks], [each.flags for each in banks])
            flagged = share_of_banks([each.flags > 0 for each in banks])
            cells = (world, "yes" if rings else "no", len(banks), f"{cap:g}", found if rings else "", false, flagged)
            lines.append("| " + " | ".join(map(str, cells)) + " |")
    return lines


def plot(outcomes: Sequence["Outcome"], docs: Path) -> None:
    """Draw what was realised in each world at `SHOWN`, as docs/error_rate.svg and .png."""
    mpl.use("Agg")
    mpl.rcParams["svg.hashsalt"] = "ringsight"
    from matplotlib import pyplot as plt

    shown = [
        each
        for each in outcomes
        if (each.search.rate, each.search.tail_bits) == (SHOWN, USUAL_CAP) and each.search.world not in GROUPS
    ]
    panels: dict[str, dict[tuple[str, int], tuple[Interval | None, Interval]]] = {
        "Banks without rings:\nshare with a flag": {
            world: (
                share_of_banks([each.stated and each.flags > 0 for each in banks]),
                share_of_banks([each.flags > 0 for each in banks]),
            )
            for world, banks in by_world(shown, rings=False).items()
        },
        "Banks with rings:\nfalse share of flags": {
            world: (
                stated_share(banks),
                mean_share([each.false for each in banks], [each.flags for each in banks]),
            )
            for world, banks in by_world(shown, rings=True).items()
        },
    }
    names = list(next(iter(panels.values())))
    figure, axes = plt.subplots(1, 2, figsize=(10, 1.2 + 0.32 * len(names)), sharey=True, layout="constrained")
    for panel, (title, shares) in zip(axes, panels.items(), strict=True):
        panel.axvline(SHOWN, color="0.7", linewidth=1, label=f"asked {SHOWN}")
        for way, (label, color) in enumerate((("rate stated", "#0072b2"), ("rate stated or withheld", "#d55e00"))):
            found = {place: shares[name][way] for place, name in enumerate(names) if name in shares}
            drawn = {place: share for place, share in found.items() if share is not None}
            if not drawn:
                continue
            look = {"color": color, "label": label, "marker": "os"[way]}
            _bars(panel, np.array(list(drawn)) + 0.15 * way, list(drawn.values()), look)
        panel.set(title=title, xlabel="with 95 % intervals", xlim=(0, None))
    axes[0].set(
        yticks=range(len(names)), yticklabels=[f"{world} ({size:,})" if size else world for world, size in names]
    )
    axes[0].invert_yaxis()
    axes[1].legend(fontsize="small", loc="lower right", frameon=False)
    docs.mkdir(exist_ok=True)
    figure.savefig(docs / "error_rate.svg", metadata={"Date": None})
    figure.savefig(docs / "error_rate.png", dpi=130)
    plt.close(figure)


def _bars(axes: "mpl.axes.Axes", y: NDArray[np.float64], shares: Sequence[Interval], look: dict[str, Any]) -> None:
    value = np.array([share.value for share in shares])
    below = value - [share.low for share in shares]
    above = [share.high for share in shares] - value
    axes.errorbar(value, y, xerr=[below, above], linestyle="", capsize=2, markersize=4, clip_on=False, **look)
