"""Which model the nights are searched with: the champion, who promoted it, and the ones before.

`champions.json` in the folder of the nights is only ever added to. Its last entry counts; before the first, the model
is `model` in that folder. A challenger lies in `models/NAME`.
"""

from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

from ringsight.errors import DataError, ModelError, SettingsError
from ringsight.runs.files import read_json, write_json

CHAMPIONS, FIRST, MODELS = "champions.json", "model", "models"
RULE = "the rule"
"""Who promoted a challenger that nobody had to look at."""


@dataclass(frozen=True, slots=True)
class Champion:
    """A model that was promoted, or gone back to."""

    model: str
    """Its folder, inside that of the nights."""
    model_hash: str
    at: str
    """When, in UTC."""
    by: str
    """A person, or `the rule`."""
    why: str
    back: bool = False
    """Whether this was going back to the model before."""


def champions(nights: Path) -> list[Champion]:
    """All that were, in order.

    Raises:
        DataError: if the file is damaged.
    """
    file = nights / CHAMPIONS
    if not file.is_file():
        return []
    try:
        return [Champion(**entry) for entry in read_json(file)]
    except TypeError as error:
        raise DataError("damaged", where=str(file), remedy="take it from a backup") from error


def champion_of(nights: Path) -> Path:
    """The folder of the model that the nights are searched with.

    Raises:
        DataError: if the file that says so is damaged, or names a folder elsewhere.
    """
    past = champions(nights)
    return _inside(nights, past[-1].model) if past else nights / FIRST


def challenger_of(nights: Path, name: str) -> Path:
    """The folder of a challenger.

    Raises:
        SettingsError: if the name is no folder's.
    """
    if not name or Path(name).name != name or name.startswith("."):
        raise SettingsError(f"model={name} cannot be a folder's name inside {nights / MODELS}", remedy="model=2026-11")
    return nights / MODELS / name


def promote(nights: Path, model: Path, model_hash: str, by: str, why: str) -> Champion:
    """Let the nights be searched with a model from now on.

    Raises:
        ModelError: if it is not there.
        DataError: if it lies elsewhere, or the file that says which counts is damaged.
    """
    if not model.is_dir():
        raise ModelError("no such model", where=str(model), remedy="train it: `ringsight challenge compare`")
    name = model.relative_to(nights).as_posix() if model.is_relative_to(nights) else str(model)
    return _added(nights, Champion(_inside(nights, name).relative_to(nights).as_posix(), model_hash, _now(), by, why))


def roll_back(nights: Path, by: str, why: str) -> Champion:
    """Go back to the model before.

    Raises:
        SettingsError: if there was none.
        ModelError: if it is not there any more.
        DataError: if the file that says which counts is damaged.
    """
    standing = _standing(champions(nights))
    if not standing:
        raise SettingsError("no challenger was ever promoted, so there is no way back", where=str(nights))
    before = standing[-2] if len(standing) > 1 else Champion(FIRST, "", "", "", "")
    if not _inside(nights, before.model).is_dir():
        raise ModelError("the model before is not there any more", where=str(nights / before.model))
    return _added(nights, Champion(before.model, before.model_hash, _now(), by, why, back=True))


def _standing(past: list[Champion]) -> list[Champion]:
    """The champions that were not rolled back, in order: going back twice goes back two models."""
    standing: list[Champion] = []
    for each in past:
        if each.back:
            standing = standing[:-1]
        else:
            standing.append(each)
    return standing


def _added(nights: Path, champion: Champion) -> Champion:
    write_json(nights / CHAMPIONS, [asdict(each) for each in (*champions(nights), champion)])
    return champion


def _inside(nights: Path, model: str) -> Path:
    folder = nights / model
    if not folder.resolve().is_relative_to(nights.resolve()):
        raise DataError(
            f"model {model!r} lies elsewhere", where=str(nights / CHAMPIONS), remedy="move it into the nights"
        )
    return folder


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
