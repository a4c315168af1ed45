"""The settings that a model was trained with, and those asked for that it does not have. No torch here."""

import json
from collections.abc import Collection
from dataclasses import MISSING, Field, fields
from pathlib import Path
from typing import Any

from ringsight.errors import ModelError, SettingsError
from ringsight.fusion.settings import ModelConfig, parts
from ringsight.records.embeddings import JOINT

NOT_COMPARED = ("fusion.pairs", "fusion.business_pairs", "trainer.accelerator")
"""A joint space that was not taught by the pairs named is trained anew anyway; an accelerator is where, not how."""


def settings_in_force(model: Path, of: Collection[str] | None = None) -> dict[str, dict[str, Any]]:
    """The settings that each part of a model was trained with, by part; without what was fitted on the bank.

    Args:
        model: folder of the model.
        of: parts to look at; by default all that are there.

    Raises:
        ModelError: if a part is damaged.
    """
    in_force = {}
    for part in parts() if of is None else of:
        if (model / part / "settings.json").is_file():
            trained, known = _trained(model / part), getattr(ModelConfig(), _group(part), None)
            names = [*(field.name for field in fields(known)), "trainer"] if known else list(trained)
            in_force[part] = {name: trained[name] for name in names if name in trained}
    return in_force


def differing(
    model: Path, config: ModelConfig, asked: Collection[str] = (), of: Collection[str] | None = None
) -> dict[str, tuple[Any, Any]]:
    """Settings that were asked for, and that a trained part does not have.

    A part that is not there yet has none, and will be trained with what is asked for.

    Args:
        model: folder of the model.
        config: of every part; a setting counts as asked for where it differs from its default.
        asked: keys of further settings that were asked for, though they are as by default.
        of: parts to look at; by default all that are there.

    Returns:
        Key as on the command line, such as `transactions.dim` -> what was asked for, what the part was trained with.

    Raises:
        ModelError: if a part is damaged.
    """
    found: dict[str, tuple[Any, Any]] = {}
    for part, trained in settings_in_force(model, of).items():
        for group, had in ((_group(part), trained), ("trainer", trained.get("trainer", {}))):
            for name, value in _asked(group, getattr(config, group, None), asked).items():
                key = f"{group}.{name}"
                if key not in NOT_COMPARED and name in had and had[name] != value:
                    found.setdefault(key, (value, had[name]))
    return found


def refuse_differing(
    model: Path, config: ModelConfig, asked: Collection[str] = (), of: Collection[str] | None = None
) -> None:
    """Refuse settings that would have no effect, because the parts that they are for are trained already.

    Args:
        model: folder of the model.
        config: of every part.
        asked: as of `differing`.
        of: as of `differing`.

    Raises:
        SettingsError: naming each setting, what was asked for, and what the model was trained with.
        ModelError: if a part is damaged.
    """
    found = differing(model, config, asked, of)
    if found:
        told = [f"{key}={value} was asked for, but it was trained with {had}" for key, (value, had) in found.items()]
        raise SettingsError(
            f"the model is trained already, with other settings: {'; '.join(told)}",
            where=str(model),
            remedy="train it with again=true into another folder, or leave the setting out",
        )


def _group(part: str) -> str:
    """What the keys of a part's settings begin with."""
    return "fusion" if part == JOINT else part


def _asked(group: str, settings: Any, asked: Collection[str]) -> dict[str, Any]:  # noqa: ANN401 - of any dataclass
    """Settings of a group that were asked for, with the values that a part keeps; none where there is no such group."""
    given = {field: getattr(settings, field.name) for field in fields(settings)} if settings is not None else {}
    return {
        field.name: value.name if isinstance(value, Path) else value
        for field, value in given.items()
        if value != _default(field) or f"{group}.{field.name}" in asked
    }


def _default(field: "Field[Any]") -> Any:  # noqa: ANN401 - of whatever type the setting is
    return field.default if field.default_factory is MISSING else field.default_factory()


def _trained(part: Path) -> dict[str, Any]:
    try:
        settings: dict[str, Any] = json.loads((part / "settings.json").read_text(encoding="utf-8"))["settings"]
    except (OSError, ValueError, KeyError) as error:
        raise ModelError(f"damaged: {error}", where=str(part), remedy="train this part again") from error
    return settings
