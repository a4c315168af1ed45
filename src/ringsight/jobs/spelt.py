"""Words of the command line that mean what they say: ids, filters and paths, kept from Hydra's grammar by quotes."""

import re
from collections.abc import Collection, Mapping
from pathlib import Path

from hydra.core.override_parser.types import Quote, QuotedString

SWEEPS = {"-m", "--multirun"}
"""What makes Hydra try every value of a list."""


def as_spelt(arguments: list[str], *, texts: Collection[str], paths: Mapping[str, bool]) -> list[str]:
    """Quote the values of some settings, so that Hydra takes them as they stand.

    Under `--multirun` a path with commas is a list of paths, unless it is there as a whole.

    Args:
        arguments: of the command line: `KEY=VALUE`, and flags of Hydra.
        texts: keys whose value is any text.
        paths: keys whose value is a path -> whether it may be left out, which the word `null` then says.
    """
    sweep = bool(SWEEPS & set(arguments))
    return [_spelt(argument, texts, paths, sweep) for argument in arguments]


def _spelt(argument: str, texts: Collection[str], paths: Mapping[str, bool], sweep: bool) -> str:
    key, equals, value = argument.partition("=")
    name = key.lstrip("+")
    if not equals or name not in {*texts, *paths} or (value == "null" and paths.get(name)):
        return argument
    several = sweep and name not in texts and not Path(value).exists()
    return f"{key}={','.join(_quoted(each) for each in (value.split(',') if several else [value]))}"


def _quoted(value: str) -> str:
    """In Hydra's quotation marks, without interpolation."""
    plain = re.sub(r"(\\*)\$\{", r"\1\1\\${", value)
    return QuotedString(plain, Quote.single).with_quotes()
