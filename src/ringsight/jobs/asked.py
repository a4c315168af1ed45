"""Which settings were asked for on the command line, whatever their values: Hydra's overrides as keys."""

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

GLOBAL = "# @package _global_"
"""First line of a named choice whose keys are those of the whole job."""


def asked_keys(overrides: Iterable[str], conf: Path) -> frozenset[str]:
    """The keys of the settings that overrides set; of a named choice, those that its file sets.

    Args:
        overrides: as on the command line: `detect.fdr=0.1`, `+bank.columns.x=y`, `fusion=late`.
        conf: folder of the named choices.
    """
    keys: set[str] = set()
    for override in overrides:
        key, _, value = override.lstrip("+~").partition("=")
        choice = conf / key / f"{value}.yaml"
        named = (conf / key).is_dir() and choice.is_file()
        keys.update(_keys_of_choice(choice, key) if named else [key])
    return frozenset(keys)


def _keys_of_choice(choice: Path, group: str) -> Iterator[str]:
    text = choice.read_text(encoding="utf-8")
    return _keys(yaml.safe_load(text), "" if text.startswith(GLOBAL) else f"{group}.")


def _keys(settings: Mapping[str, Any], prefix: str) -> Iterator[str]:
    for name, value in settings.items():
        if isinstance(value, Mapping):
            yield from _keys(value, f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}"
