"""What a job can be told: read from its settings dataclasses, so that names, defaults and meanings stand once."""

import ast
import inspect
import textwrap
from collections.abc import Iterator
from dataclasses import MISSING, dataclass, fields, is_dataclass
from enum import Enum
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_type_hints

if TYPE_CHECKING:
    from ringsight.jobs.command import Command

WIDTH = 110
INDENT = 34


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


def job_help(command: "Command[Any]", does: str, example: str) -> str:
    """What `ringsight JOB --help` says."""
    from ringsight.jobs.command import conf_dir

    what = next((f"[{'|'.join(each.choices)}] " for each in settings_in(command.settings) if each.key == "do"), "")
    lines = [f"ringsight {command.name}: {does}", "", f"usage: ringsight {command.name} {what}[SETTING=VALUE ...]"]
    group = None
    for setting in settings_in(command.settings):
        parent = setting.key.rpartition(".")[0]
        if parent != group:
            lines += ["", f"{parent or 'settings'}:"]
            group = parent
        lines += _lines_of(setting)
    named = _named_choices(command.name, conf_dir())
    if named:
        lines += ["", "named choices (files in conf/):", *(f"  {name}={'|'.join(files)}" for name, files in named)]
    lines += ["", f"example: {example}"]
    lines += ["Add --multirun to try several values: KEY=A,B. Add --cfg job to see the settings as composed."]
    return "\n".join(lines)


def _lines_of(setting: Setting) -> list[str]:
    left = f"  {setting.key}={setting.default}" if setting.default else f"  {setting.key} (needed)"
    meaning = setting.meaning.replace("`", "")
    if setting.choices and not all(choice in meaning for choice in setting.choices):
        meaning += f" One of {', '.join(setting.choices)}."
    wrapped = textwrap.wrap(meaning, WIDTH - INDENT) or [""]
    if len(left) >= INDENT:
        return [left, *(" " * INDENT + line for line in wrapped)]
    return [f"{left:<{INDENT}}{wrapped[0]}", *(" " * INDENT + line for line in wrapped[1:])]


def _named_choices(job: str, conf: Path) -> list[tuple[str, list[str]]]:
    """Groups of files in `conf/` that the job's own file mentions, with the files' names."""
    own = (conf / f"{job}.yaml").read_text(encoding="utf-8")
    groups = sorted(folder for folder in conf.iterdir() if folder.is_dir() and f"- {folder.name}:" in own)
    return [(group.name, sorted(file.stem for file in group.glob("*.yaml"))) for group in groups]


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
