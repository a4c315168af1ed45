"""Hydra's and OmegaConf's refusals in one short message: which key, what is wrong with it, what to write instead."""

import re
from difflib import get_close_matches

from omegaconf.errors import (
    ConfigAttributeError,
    ConfigKeyError,
    MissingMandatoryValue,
    OmegaConfBaseException,
    ValidationError,
)

from ringsight.errors import RingsightError, SettingsError
from ringsight.jobs.job_settings import Setting, settings_in


def explained(error: Exception, settings: type) -> RingsightError:
    """Say what a user can do about an error of Hydra or OmegaConf.

    Args:
        error: as raised while settings were composed or typed.
        settings: the job's settings dataclass; its keys are what a misspelt one is compared with.
    """
    cause = error if isinstance(error, OmegaConfBaseException) else error.__cause__
    if not isinstance(cause, OmegaConfBaseException):
        if word := re.match(r"Error parsing override '(.*)'\s+missing EQUAL", str(error)):
            return SettingsError(
                f"{word[1]!r} is no setting", remedy="settings are written KEY=VALUE; `ringsight JOB --help` lists them"
            )
        return SettingsError(_plain(str(error)), remedy="`ringsight JOB --help` lists the settings")
    known = {setting.key: setting for setting in settings_in(settings)}
    key = cause.full_key or str(cause.key or "")
    match cause:
        case ConfigAttributeError() | ConfigKeyError():
            return SettingsError(f"there is no setting {key!r}", remedy=_instead(key, list(known)))
        case MissingMandatoryValue():
            return SettingsError(f"the setting {key!r} is needed", remedy=_give(key, known))
        case ValidationError():
            return SettingsError(f"{key}: {_plain(cause.msg or str(cause))}", remedy=_give(key, known))
        case _:
            return SettingsError(f"{key}: {_plain(cause.msg or str(cause))}" if key else _plain(str(cause)))


def _instead(key: str, known: list[str]) -> str:
    """Name the nearest valid key: one spelt alike, or the same word elsewhere."""
    word = key.rpartition(".")[2]
    same_word = [other for other in known if other.rpartition(".")[2] == word]
    near = get_close_matches(key, known, n=1, cutoff=0.6) or same_word
    if not near:
        leaves = {other.rpartition(".")[2]: other for other in reversed(known)}
        near = [leaves[leaf] for leaf in get_close_matches(word, leaves, n=1, cutoff=0.75)]
    return f"did you mean {near[0]!r}?" if near else "`ringsight JOB --help` lists the settings"


def _give(key: str, known: dict[str, Setting]) -> str:
    if key not in known:
        return f"give {key}=VALUE"
    setting = known[key]
    value = "|".join(setting.choices) or "VALUE"
    return f"give {key}={value}. {setting.meaning}".strip().replace("`", "")


def _plain(message: str) -> str:
    """The lines of a message that speak of the settings, not of Hydra's own workings."""
    hidden = (
        "full_key:",
        "object_type=",
        "reference_type=",
        "Config search path",
        "\tprovider=",
        "Set the env",
        "See ",
    )
    lines = [line.rstrip() for line in message.splitlines()]
    return "\n".join(line for line in lines if line and not line.lstrip().startswith(tuple(h.strip() for h in hidden)))
