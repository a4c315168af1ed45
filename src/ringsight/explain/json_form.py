"""Dataclasses as JSON that is the same text every time, and back again."""

import json
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from enum import StrEnum
from itertools import repeat
from types import UnionType
from typing import Any, get_args, get_origin, get_type_hints

DECIMALS = 6
"""Of every figure."""


def to_json(content: object) -> str:
    """JSON with sorted keys and rounded figures.

    Args:
        content: what `dataclasses.asdict` gives.
    """
    return json.dumps(_rounded(content), indent=2, sort_keys=True, allow_nan=False, ensure_ascii=False) + "\n"


def read_as(kind: Any, value: Any) -> Any:  # noqa: ANN401 - any type, and whatever JSON can hold
    """Turn what JSON holds into a dataclass, a tuple, a mapping, `X | None`, an enum, a text or a figure.

    Raises:
        TypeError: if the value is not of that type.
        ValueError: if an enum has no such value, or a tuple has another length.
    """
    origin, inner = get_origin(kind), get_args(kind)
    if origin is UnionType:
        return None if value is None else read_as(inner[0], value)
    if origin is tuple:
        each = repeat(inner[0], len(value)) if inner[-1] is Ellipsis else inner
        return tuple(read_as(of, part) for of, part in zip(each, _checked(value, list), strict=True))
    if origin is Mapping:
        return {key: read_as(inner[1], part) for key, part in _checked(value, dict).items()}
    if is_dataclass(kind):
        return _dataclass(kind, _checked(value, dict))
    if issubclass(kind, StrEnum):
        return kind(value)
    return _checked(value, kind)


def _dataclass(kind: Any, value: dict[str, Any]) -> Any:  # noqa: ANN401
    hints = get_type_hints(kind)
    names = {field.name for field in fields(kind)}
    if value.keys() != names:
        raise TypeError(f"{kind.__name__} has {sorted(names)}, not {sorted(value)}")
    return kind(**{name: read_as(hints[name], part) for name, part in value.items()})


def _checked(value: Any, kind: type) -> Any:  # noqa: ANN401
    if not isinstance(value, kind):
        raise TypeError(f"{value!r} is not of the type {kind.__name__}")
    return value


def _rounded(value: Any) -> Any:  # noqa: ANN401
    match value:
        case float():
            return round(value, DECIMALS)
        case dict():
            return {key: _rounded(each) for key, each in value.items()}
        case list() | tuple():
            return [_rounded(each) for each in value]
        case _:
            return value
