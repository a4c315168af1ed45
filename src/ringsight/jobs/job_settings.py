"""The settings of a job, read from its settings dataclasses, so that names, defaults and meanings stand once."""

import ast
import inspect
import textwrap
from collections.abc import Iterator
from dataclasses import MISSING, dataclass, fields, is_dataclass
from enum import Enum
from functools import cache
from itertools import pairwise
from pathlib import Path
from types import NoneType
from typing import get_args, get_type_hints


@dataclass(frozen=True, slots=True)
class Setting:
    """One setting, as a person gives it."""

    key: str
    """As on the command line: `bank.path`."""
    default: str
    """As on the command line; empty if a value is needed."""
    meaning: str
    choices: tuple[str, ...]
    """The words to choose from, if the choice is closed."""


def settings_in(settings: type, prefix: str = "") -> Iterator[Setting]:
    """Every setting of a dataclass: its own first, then those of each dataclass in it."""
    hints = get_type_hints(settings)
    meanings = _meanings(settings)
    nested = [field.name for field in fields(settings) if is_dataclass(hints[field.name])]
    for field in fields(settings):
        if field.name not in nested:
            kind = hints[field.name]
            choices = tuple(kind.__members__) if isinstance(kind, type) and issubclass(kind, Enum) else ()
            default = field.default_factory() if field.default_factory is not MISSING else field.default
            yield Setting(prefix + field.name, _as_given(default), meanings.get(field.name, ""), choices)
    for name in nested:
        yield from settings_in(hints[name], f"{prefix}{name}.")


def paths_in(settings: type, prefix: str = "") -> dict[str, bool]:
    """The keys of the settings that name a file or a folder, by their type -> whether they may be left out."""
    found: dict[str, bool] = {}
    for name, kind in get_type_hints(settings).items():
        kinds = get_args(kind) or (kind,)
        if isinstance(kind, type) and is_dataclass(kind):
            found |= paths_in(kind, f"{prefix}{name}.")
        elif Path in kinds:
            found[f"{prefix}{name}"] = NoneType in kinds
    return found


def _as_given(default: object) -> str:
    match default:
        case _ if default is MISSING:
            return ""
        case None | bool():
            return "null" if default is None else str(default).lower()
        case Enum():
            return default.name
        case list():
            return f"[{','.join(map(str, default))}]"
        case "":
            return "''"
        case _:
            return str(default)


@cache
def _meanings(settings: type) -> dict[str, str]:
    """Field name -> the docstring that stands under it, inherited ones included."""
    found: dict[str, str] = {}
    for owner in reversed(settings.__mro__):
        if not is_dataclass(owner):
            continue
        (body,) = ast.parse(textwrap.dedent(inspect.getsource(owner))).body
        statements = body.body if isinstance(body, ast.ClassDef) else []
        for field, below in pairwise(statements):
            if isinstance(field, ast.AnnAssign) and isinstance(field.target, ast.Name) and isinstance(below, ast.Expr):
                found[field.target.id] = " ".join(str(ast.literal_eval(below.value)).split())
    return found
