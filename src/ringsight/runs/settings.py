"""`settings.yaml`: what a run was told, as plain values; and back again, by one rule."""

from collections.abc import Mapping
from dataclasses import asdict, fields, is_dataclass
from enum import Enum
from pathlib import Path
from types import NoneType, UnionType
from typing import Any, TypeVar, cast, get_args, get_origin, get_type_hints

import yaml

from ringsight.errors import DataError, RingsightError
from ringsight.records.writing import write_atomically

Settings = TypeVar("Settings")


def write_settings(path: Path, settings: Mapping[str, Any]) -> None:
    """Write settings as YAML; the values may be settings dataclasses, paths and choices."""
    text = yaml.safe_dump(plain(settings), sort_keys=False)
    with write_atomically(path) as partial:
        partial.write_text(text, encoding="utf-8")


def read_settings(path: Path) -> dict[str, Any]:
    """What `write_settings` wrote, as plain values; empty where there is no file.

    Raises:
        DataError: if the file is damaged.
    """
    if not path.is_file():
        return {}
    try:
        told = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (UnicodeDecodeError, yaml.YAMLError) as error:
        raise DataError(f"damaged: {error}", where=str(path)) from error
    if not isinstance(told, dict):
        raise DataError("does not hold settings", where=str(path))
    return told


def plain(value: object) -> Any:  # noqa: ANN401 - whatever YAML can hold
    """A value as plain ones: dataclasses and mappings as dictionaries, paths and choices as text."""
    match value:
        case Path() | Enum():
            return str(value)
        case Mapping():
            return {str(key): plain(each) for key, each in value.items()}
        case list() | tuple():
            return [plain(each) for each in value]
        case _ if is_dataclass(value) and not isinstance(value, type):
            return plain(asdict(value))
        case _:
            return value


def restored(settings: type[Settings], told: Mapping[str, Any], where: str) -> Settings:
    """A settings dataclass from plain values; what is not told keeps its default.

    Args:
        settings: the dataclass.
        told: as `plain` gives it.
        where: names the file and the group in an error.

    Raises:
        DataError: if a name is no setting, or a value cannot be one.
        SettingsError: if the dataclass refuses the values.
    """
    hints = get_type_hints(settings)
    names = {field.name for field in fields(cast("Any", settings))}
    if strange := sorted(set(told) - names):
        raise DataError(
            f"{strange[0]!r} is no setting",
            where=where,
            remedy="the file was changed by hand, or is of another version",
        )
    try:
        return settings(**{name: _typed(hints[name], value, where) for name, value in told.items()})
    except (TypeError, ValueError) as error:
        if isinstance(error, RingsightError):
            raise
        raise DataError(f"cannot be read back: {error}", where=where) from error


def _typed(kind: Any, value: Any, where: str) -> Any:  # noqa: ANN401 - whatever a setting can hold
    """A plain value as what the annotation of a setting says."""
    origin, inside = get_origin(kind), get_args(kind)
    if origin is UnionType:
        (some,) = (each for each in inside if each is not NoneType)
        return None if value is None else _typed(some, value, where)
    if origin is dict:
        return {key: _typed(inside[1], each, where) for key, each in value.items()}
    if origin is list:
        return [_typed(inside[0], each, where) for each in value]
    if is_dataclass(kind):
        return restored(cast("type[Any]", kind), value, where)
    return kind(value) if issubclass(kind, Path | Enum) else value
