"""A model's card in plain words, for whoever keeps the inventory of models, validates them and watches over them.

It follows what SR 26-2 (Federal Reserve, FDIC and OCC, 17 April 2026; in the place of SR 11-7) asks to be written down:
inventory, development, validation, limits, monitoring. What only the bank can know is left open, and said to be.
"""

from collections.abc import Mapping

from ringsight.tracking.tracked_run import TrackedRun

OPEN = "*for the bank to fill in*"
PURPOSE = """\
Finds groups of customers whose records agree beyond chance in several kinds of evidence, and ranks them for review by
people. A flag is a reason to look. It is no finding of fraud, and by it alone no account may be closed and no payment
stopped."""
LIMITS = """\
- What honest customers have in common has to show in the records of many of them; where it does not, the error rate
  does not hold, and is withheld where the guard sees it.
- Honest groups of a ring's size who are alike in everything are flagged, and no figure here can tell them apart.
- Rings whose members share nothing in these records are not found. Absence of a flag clears nobody.
- Protected columns (name, sex, nationality, birth year, language) make no link and no feature; what stands for them
  may.
- Notes are read best in English."""
MONITORING = """\
- Every night `ringsight watch` holds records, spaces, rings and flags against an earlier night; an unusual night
  publishes nothing.
- What analysts decide is kept (`ringsight decisions export`) and taken over by the next run; blind controls keep the
  loop honest.
- Retrain where a watch says so, and hold the new model against this one before it is promoted; `ringsight store
  rollback` goes back."""


def model_card(tracked: TrackedRun) -> str:
    """The card in Markdown."""
    return f"""# Model card: {tracked.run}

{PURPOSE}

## Inventory

| | |
|---|---|
| model | `{tracked.model_hash or "none: evidence columns alone"}` |
| stage | {tracked.promotion} |
| parts | {", ".join(f"{part} `{digest[:12]}`" for part, digest in tracked.part_hashes.items()) or "none"} |
| records | `{tracked.data_hash}` |
| results | `{tracked.digest}` |
| code | ringsight {tracked.versions.get("ringsight", "?")}, {tracked.commit or "not from a checkout"} |
| seed | {tracked.seed} |
| owner, approval, tier, last validation | {OPEN} |

## Development

All settings are in `settings.yaml`, learning curves in `curves.csv`, and the card of each part, with what it learned
from, in `cards`. The same again: `ringsight rerun of=settings.yaml out=FOLDER`.

{_table("part", _last(tracked))}

## Validation

Figures of this run. An independent look by others than the developers: {OPEN}.

{_table("figure", _without_parts(tracked))}

{_rate(tracked)}

{_fairness(tracked)}

## Limits

{LIMITS}

## Monitoring

{MONITORING}

{_watched(tracked)}
"""


def _last(tracked: TrackedRun) -> dict[str, float]:
    """What the parts measured on customers held out of training."""
    return {name: value for name, value in tracked.measures.items() if name.split(".")[0] in tracked.part_hashes}


def _without_parts(tracked: TrackedRun) -> dict[str, float]:
    return {name: value for name, value in tracked.measures.items() if name.split(".")[0] not in tracked.part_hashes}


def _table(head: str, values: Mapping[str, float]) -> str:
    rows = "\n".join(f"| {name} | {value:.4g} |" for name, value in values.items())
    return f"| {head} | value |\n|---|---|\n{rows}" if rows else "None."


def _rate(tracked: TrackedRun) -> str:
    if not tracked.measures.get("detection.rate_stated"):
        return "**No error rate is stated**: chance was not imitated well enough. The list is ranked."
    asked, false = (tracked.measures.get(f"detection.{name}", 0.0) for name in ("fdr", "expected_false_flags"))
    flagged = tracked.measures.get("detection.flagged", 0.0)
    return f"Error rate asked: {asked:g}. Of {flagged:.0f} flags, {false:.2g} are expected to be false."


def _fairness(tracked: TrackedRun) -> str:
    groups = tracked.fairness
    if groups.is_empty():
        return "Fairness: the bank has no protected column, so nothing could be compared."
    above = groups.filter(groups["ratio_low"] > 1).select("column", "ratio").iter_rows()
    told = ", ".join(f"{column} {ratio:.2f}" for column, ratio in above)
    if told:
        return f"Fairness: flagged more often than all others, beyond chance (column, and by what ratio): {told}."
    return f"Fairness: of {len(groups)} protected groups none is flagged more often than all others, beyond chance."


def _watched(tracked: TrackedRun) -> str:
    if not tracked.watched:
        return "This run was not held against an earlier one."
    reasons = "; ".join(each["text"] for each in tracked.watched.get("reasons", []))
    return f"Held against {tracked.watched.get('reference')}: {f'unusual: {reasons}' if reasons else 'as usual'}."
