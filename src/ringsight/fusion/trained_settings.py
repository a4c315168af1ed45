"""The settings that a model was trained with, and those asked for that it does not have. No torch here."""

import json
from dataclasses import MISSING, Field, fields
from pathlib import Path
from typing import Any

from ringsight.errors import ModelError, SettingsError
from ringsight.fusion.settings import ModelConfig, parts
from ringsight.records.embeddings import JOINT

NOT_COMPARED = ("fusion.pairs", "trainer.accelerator")
"""A joint space that was not taught by the pairs named is trained anew anyway; an accelerator is where, not how."""


def settings_in_force(model: Path) -> dict[str, dict[str, Any]]:
    """The settings that each part of a model was trained with, by part; without what was fitted on the bank.

    Raises:
        ModelError: if a part is damaged.
    """
    in_force = {}
    for part in parts():
        if (model / part / "settings.json").is_file():
            trained, known = _trained(model / part), getattr(ModelConfig(), _group(part), None)
            names = [*(field.name for field in fields(known)), "trainer"] if known else list(trained)
            in_force[part] = {name: trained[name] for name in names if name in trained}
    return in_force


def differing(model: Path, config: ModelConfig) -> dict[str, tuple[Any, Any]]:
    """Settings that were asked for, and that a trained part does not have.

    A setting counts as asked for where it differs from its default. A part that is not there yet has none, and will be
    trained with what is asked for.

    Returns:
        Key as on the command line, such as `transactions.dim` -> what was asked for, what the part was trained with.

    Raises:
        ModelError: if a part is damaged.
    """
    found: dict[str, tuple[Any, Any]] = {}
    for part, trained in settings_in_force(model).items():
        for group, had in ((_group(part), trained), ("trainer", trained.get("trainer", {}))):
            for name, asked in _asked(getattr(config, group, None)).items():
                key = f"{group}.{name}"
                if key not in NOT_COMPARED and name in had and had[name] != asked:
                    found.setdefault(key, (asked, had[name]))
    return found


def refuse_differing(model: Path, config: ModelConfig) -> None:
    """Refuse settings that would have no effect, because the parts that they are for are trained already.

    Raises:
        SettingsError: naming each setting, what was asked for, and what the model was trained with.
        ModelError: if a part is damaged.
    """
    found = differing(model, config)
    if found:
        told = [f"{key}={asked} was asked for, but it was trained with {had}" for key, (asked, had) in found.items()]
        raise SettingsError(
            f"the model is trained already, with other settings: {'; '.join(told)}",
            where=str(model),
            remedy="train it with again=true into another folder, or leave the setting out",
        )


def _group(part: str) -> str:
    """What the keys of a part's settings begin with."""
    return "fusion" if part == JOINT else part


def _asked(settings: Any) -> dict[str, Any]:  # noqa: ANN401 - any settings dataclass, or None
    """Settings that differ from their defaults, with the values that a part keeps."""
    given = {field: getattr(settings, field.name) for field in fields(settings)} if settings is not None else {}
    return {
        field.name: value.name if isinstance(value, Path) else value
        for field, value in given.items()
        if value != _default(field)
    }


def _default(field: "Field[Any]") -> Any:  # noqa: ANN401 - of whatever type the setting is
    return field.default if field.default_factory is MISSING else field.default_factory()


def _trained(part: Path) -> dict[str, Any]:
    try:
        settings: dict[str, Any] = json.loads((part / "settings.json").read_text(encoding="utf-8"))["settings"]
    except (OSError, ValueError, KeyError) as error:
        raise ModelError(f"damaged: {error}", where=str(part), remedy="train this part again") from error
    return settings
