"""What a bank says of the values of its entity columns: `BankConfig` and `bank.yaml`, checked and merged."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ringsight.errors import SettingsError
from ringsight.records.bank import BankConfig, ValueKind

KEYS = ("kinds", "lists", "phone_region", "drop_email_tags", "placeholders", "not_placeholders")
"""What a `bank.yaml` may say of values."""


@dataclass(frozen=True, slots=True)
class ValueDeclarations:
    """How the values of entity columns are read; each field as in `BankConfig`."""

    kinds: Mapping[str, ValueKind] = field(default_factory=dict)
    lists: Mapping[str, str] = field(default_factory=dict)
    phone_region: str = ""
    drop_email_tags: bool = True
    placeholders: tuple[str, ...] = ()
    not_placeholders: tuple[str, ...] = ()

    def merged(self, config: BankConfig) -> "ValueDeclarations":
        """With what the config says, which wins.

        Raises:
            SettingsError: if a separator is empty, or there is no such kind.
        """
        lists = {**self.lists, **config.lists}
        for column, separator in lists.items():
            if not separator:
                raise SettingsError(
                    f"nothing separates the values of {column!r}",
                    where="bank.lists",
                    remedy=f"name what stands between them, as in lists: {{{column}: ';'}}",
                )
        return ValueDeclarations(
            kinds={**self.kinds, **{column: _kind(kind, "bank.kinds") for column, kind in config.kinds.items()}},
            lists=lists,
            phone_region=config.phone_region or self.phone_region,
            drop_email_tags=config.drop_email_tags and self.drop_email_tags,
            placeholders=(*self.placeholders, *config.placeholders),
            not_placeholders=(*self.not_placeholders, *config.not_placeholders),
        )


def values_from_yaml(content: Mapping[str, Any], where: str) -> ValueDeclarations:
    """Read what the content of a `bank.yaml` says of values.

    Raises:
        SettingsError: if it is not of the form, or a kind is not known.
    """
    said = {key: content[key] for key in KEYS if content.get(key) is not None}
    for key, value in said.items():
        _check(key, value, where)
    kinds = {column: _kind(kind, where) for column, kind in said.get("kinds", {}).items()}
    several = {key: tuple(map(str, said.get(key, ()))) for key in ("placeholders", "not_placeholders")}
    return ValueDeclarations(**said | several | {"kinds": kinds})


def _check(key: str, value: object, where: str) -> None:
    """Refuse what has another form."""
    match key:
        case "kinds" | "lists":
            form, fits = (
                "{column: text}",
                isinstance(value, dict) and all(isinstance(text, str) for pair in value.items() for text in pair),
            )
        case "phone_region":
            form, fits = "two letters, in quotation marks", isinstance(value, str)
        case "drop_email_tags":
            form, fits = "true or false", isinstance(value, bool)
        case _:
            form, fits = "[value, value]", isinstance(value, list)
    if not fits:
        raise SettingsError(f"expected {key}: {form}", where=where, remedy=f"correct {key}")


def _kind(kind: str, where: str) -> ValueKind:
    if kind not in list(ValueKind):
        raise SettingsError(
            f"{kind!r} is no kind of value", where=where, remedy=f"the kinds are {', '.join(ValueKind)}"
        )
    return ValueKind(kind)
