"""Filters in Milvus's language: as a template with its values apart, or with every literal escaped.

Servers from 2.5 on take templates: their parser never sees a value. Milvus Lite and older servers get one text, made
of the same template.
"""

import json
import re
from dataclasses import dataclass
from typing import Any

from ringsight.vectors.filters import And, Filter, Not, OneOf, Or, Ordered, unknown_value

TEMPLATES_SINCE = (2, 5)
"""Version of the first server that takes filter templates."""

Value = str | int | list[str | int]


@dataclass(frozen=True, slots=True)
class Template:
    """A filter whose values stand apart."""

    text: str
    """Columns, signs and placeholders: `region in {v0}`."""
    values: dict[str, Value]
    """Placeholder -> what stands there."""

    @property
    def literal(self) -> str:
        """One text; literals are those of JSON, but for escapes by code point."""
        return self.text.format(**{name: json.dumps(value, ensure_ascii=False) for name, value in self.values.items()})


def template(condition: Filter) -> Template:
    """A filter in Milvus's language."""
    values: dict[str, Value] = {}
    return Template(_rendered(condition, values), values)


def options(condition: Filter | None, templates: bool) -> dict[str, Any]:
    """How to tell Milvus whom a request is about.

    Args:
        condition: who; None for everybody.
        templates: whether the server takes them.
    """
    if condition is None:
        return {"filter": ""}
    made = template(condition)
    return {"filter": made.text, "filter_params": made.values} if templates else {"filter": made.literal}


def takes_templates(version: str) -> bool:
    """Whether a server that calls itself so takes templates; Milvus Lite names itself before its version."""
    found = re.match(r"v?(\d+)\.(\d+)", version)
    return found is not None and (int(found[1]), int(found[2])) >= TEMPLATES_SINCE


def _rendered(condition: Filter, values: dict[str, Value]) -> str:
    def placed(value: Value) -> str:
        name = f"v{len(values)}"
        values[name] = value
        return f"{{{name}}}"

    match condition:
        case OneOf(column, given):
            return f"{column} in {placed(list(given))}"
        case Ordered(column, order, value):
            return f"({column} != {placed(unknown_value(column))} and {column} {order} {placed(value)})"
        case Not(part):
            return f"not ({_rendered(part, values)})"
        case And(one, other):
            return f"({_rendered(one, values)}) and ({_rendered(other, values)})"
        case Or(one, other):
            return f"({_rendered(one, values)}) or ({_rendered(other, values)})"
