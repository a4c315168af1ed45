"""ringsight against what people do today, on the same banks, embeddings and links, each method tuned.

    python benchmarks/baselines.py --seeds 1-20 --tune 101-104 --bank composite=FOLDER

reads what `banks.py` prepared and prints tables in Markdown. A method's knobs are chosen on the banks of `--tune`,
which no figure is reported on; ringsight has none to tune. A method gives a ranked list of groups that share no
customer. Since most give no error rate, each list is read as far as a reader would who knew the truth: to the end of
the longest prefix whose realised false share is at most 0.05. ringsight's flags at 0.05 are given as they are.
"""

import argparse
import statistics
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from banks import CACHE, Prepared, Site, given, in_processes, seeds, synthetic
from detections import detected, flagged_at, members_of
from outcomes import Outcome, found_share, outcome_of, outcome_table, trait_table
from rivals.methods import METHODS, Method
from rivals.supervised import draw_labels
from rivals.traces import Traces
from verdicts import RATE

FLAGGED, RANKED = f"**ringsight**, flagged at {RATE}", "**ringsight**, as ranked"
Setting = dict[str, Any]


def main() -> None:
    """Tune on some banks, run on others, and print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cache", type=Path, default=CACHE)
    parser.add_argument("--seeds", type=seeds, default=[], help="seeds of the set rings to report on")
    parser.add_argument("--tune", type=seeds, required=True, help="seeds of the set rings to choose knobs by")
    parser.add_argument("--bank", action="append", default=[], metavar="NAME=FOLDER", help="prepared by banks.py")
    parser.add_argument("--processes", type=int, default=2)
    asked = parser.parse_args()
    if set(asked.seeds) & set(asked.tune):
        parser.error("a bank that knobs are chosen by cannot be reported on")
    tuning = [(synthetic(asked.cache, "rings", seed), None) for seed in asked.tune]
    chosen = choose(in_processes(run, tuning, asked.processes))
    print(settings_table(chosen, asked.tune))
    reports = {f"Synthetic, {len(asked.seeds)} banks": [synthetic(asked.cache, "rings", s) for s in asked.seeds]}
    reports |= {site.name.capitalize(): [site] for site in (given(asked.cache, text) for text in asked.bank)}
    for title, sites in reports.items():
        if sites:
            outcomes = by_method(in_processes(run, [(site, chosen) for site in sites], asked.processes))
            print(f"## {title}\n")
            print(outcome_table(outcomes))
            print(f"Share of rings found by ringsight, over that of the best other method: {lead(outcomes)}.\n")
            print(trait_table(outcomes, "strength"))
            print(trait_table(outcomes, "typology") or trait_table(outcomes, "tied"))


def run(site: Site, chosen: dict[str, Setting] | None) -> dict[str, list[Outcome]]:
    """Every method on one bank: with the setting chosen, and ringsight beside them; or with all settings, to choose."""
    prepared = site.read()
    traces = Traces.of(prepared.bank, prepared.embeddings)
    outcomes = {
        method.name: [
            outcome(method, prepared, traces, setting)
            for setting in (method.settings if chosen is None else [chosen[method.name]])
        ]
        for method in METHODS
    }
    if chosen is not None:
        results = detected(site, prepared)
        listed = members_of(results, results.rings["ring_id"].to_list())
        outcomes[RANKED] = [outcome_of(listed, prepared.truth)]
        outcomes[FLAGGED] = [outcome_of(flagged_at(results, RATE), prepared.truth, whole=True)]
    return outcomes


def outcome(method: Method, prepared: Prepared, traces: Traces, setting: Setting) -> Outcome:
    """One method's list, held against the truth."""
    ids = prepared.bank.customer_ids
    known: list[str] = []
    if method.taught:
        labels = draw_labels(prepared.truth, seed=0)
        known, setting = list(labels.rings), setting | {"labels": labels}
    groups = method.rank(traces, **setting)
    return outcome_of([frozenset(ids[members].tolist()) for members in groups], prepared.truth, known=known)


def choose(banks: Sequence[dict[str, list[Outcome]]]) -> dict[str, Setting]:
    """For each method the setting that finds most rings up to `RATE`, then most at 20, 10 and 5 cases."""
    chosen = {}
    for method in METHODS:
        merits = [
            tuple(map(sum, zip(*(bank[method.name][number].merit for bank in banks), strict=True)))
            for number in range(len(method.settings))
        ]
        chosen[method.name] = method.settings[merits.index(max(merits))]
    return chosen


def by_method(banks: Sequence[dict[str, list[Outcome]]]) -> dict[str, list[Outcome]]:
    """Method -> its outcome in each bank."""
    outcomes = defaultdict(list)
    for bank in banks:
        for name, (of_bank,) in bank.items():
            outcomes[name].append(of_bank)
    return dict(outcomes)


def lead(outcomes: dict[str, list[Outcome]]) -> str:
    """Share of rings that ringsight finds, as ranked and as flagged, over that of the best other method."""
    shares = {name: statistics.mean(map(found_share, banks)) for name, banks in outcomes.items()}
    best = max((name for name in shares if name not in {RANKED, FLAGGED}), key=shares.__getitem__)
    ratios = [f"{shares[name] / shares[best]:.2f}" if shares[best] else "all to nothing" for name in (RANKED, FLAGGED)]
    return f"{ratios[0]} as ranked, {ratios[1]} as flagged ({best})"


def settings_table(chosen: dict[str, Setting], tuned_on: Sequence[int]) -> str:
    """What each method was set to."""
    lines = [
        f"## Knobs, chosen on banks {', '.join(map(str, tuned_on))}",
        "",
        "| method | chosen | among |",
        "|---|---|---|",
    ]
    for method in METHODS:
        knobs = ", ".join(f"{name} {value}" for name, value in chosen[method.name].items() if name != "modality")
        lines.append(f"| {method.name} | {knobs} | {len(method.settings)} |")
    return "\n".join([*lines, ""])


if __name__ == "__main__":
    main()
