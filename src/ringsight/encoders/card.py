"""The card that every part of a model carries."""

from collections.abc import Mapping
from typing import Any

from ringsight.records.bank import Bank


def card(kind: str, bank: Bank, settings: Mapping[str, Any], metrics: Mapping[str, float], notes: str) -> str:
    """A part's card in Markdown: what it is for, what it learned from, its figures, its limits.

    Args:
        kind: `transactions`, `notes`, `id_images` or `joint`.
        bank: the training bank.
        settings: what it was trained with.
        metrics: on customers held out of training.
        notes: what it sees, what it does not, and what that means in use, in Markdown.
    """
    figures = "\n".join(f"| {name} | {value:.4g} |" for name, value in sorted(metrics.items()))
    chosen = "\n".join(f"| {name} | `{value}` |" for name, value in sorted(settings.items()) if _short(value))
    return f"""# {kind}

Part of a ringsight model: finds customers whose {kind} look like one hand's. For review by people, not for
decisions by itself; agreement is coordination at most, never proof of fraud.

{notes.strip()}

## Learned from

{len(bank.customers):,} customers; content hash of the records `{bank.data_hash}`.

## Figures, on customers held out of training

| figure | value |
|---|---|
{figures}

## Settings

| setting | value |
|---|---|
{chosen}
"""


def _short(value: object) -> bool:
    return len(str(value)) < 60
