"""Champion and challenger: a new model beside the one that the nights are searched with, and which of them shall count.

Both are asked the same of the same customers: do they bring near who belongs together? Three figures say so: the two
parts of one customer's records, before and after a moment that the challenger has not seen beyond; the rings of a
synthetic bank; and the pairs that people decided. Where the challenger is surely better in one and surely no worse in
all, the rule promotes it. Everything else is for a person to say.
"""

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import Any

from ringsight.errors import ModelError, SettingsError
from ringsight.evaluation.paired import PairedGain
from ringsight.pipeline.model_figures import ChallengeConfig, gains_of
from ringsight.pipeline.read import as_bank
from ringsight.pipeline.run import AnyBank
from ringsight.pipeline.score import last_published, scoring_alone
from ringsight.pipeline.train import train
from ringsight.progress import Callback, report_to
from ringsight.records.views import split_in_time
from ringsight.runs.champions import RULE, Champion, challenger_of, champion_of, promote, roll_back
from ringsight.runs.files import read_json, write_json

CHALLENGES = "challenges"
"""Folder of what was measured, in that of the nights."""
STAGES = 3
"""Stages of a challenge besides reading and training."""


class Verdict(StrEnum):
    """What the rule says of a challenger."""

    better = "better"
    """Surely better in at least one figure, and no worse than the margin in all: the rule promotes it."""
    as_good = "as good"
    """No worse than the margin in all, and not surely better in any."""
    worse = "worse"
    """Surely worse in at least one figure."""
    unsure = "unsure"
    """Neither: there are too few units to say."""


@dataclass(frozen=True, slots=True)
class Challenge:
    """A challenger, held against the champion."""

    champion: str
    challenger: str
    champion_hash: str
    challenger_hash: str
    held_out_from: str
    """The moment from which the challenger has seen nothing."""
    gains: tuple[PairedGain, ...]
    verdict: Verdict
    promoted: bool
    margin: float
    confidence: float
    asked_power: float

    def as_dict(self) -> dict[str, Any]:
        """As plain values; what is not known is null."""
        told = asdict(self)
        told["gains"] = [
            {name: None if isinstance(value, float) and math.isnan(value) else value for name, value in gain.items()}
            for gain in map(asdict, self.gains)
        ]
        return told


def challenge(
    bank: AnyBank,
    nights: Path | str,
    settings: ChallengeConfig | None = None,
    *,
    progress: Callback | None = None,
) -> Challenge:
    """Train a challenger where it is not trained yet, hold it against the champion, and promote it if the rule says so.

    Args:
        bank: a folder in the data contract, how to read one, or a bank that is read already.
        nights: folder of the nights, whose champion is meant.
        settings: everything else.
        progress: is told of the work.

    Raises:
        ModelError: if there is no champion yet.
        RingsightError: for what a user can mend; the champion stays.
    """
    config = replace(settings or ChallengeConfig(), nights=Path(nights))
    config = config if config.model else replace(config, model=f"{datetime.now(UTC):%Y-%m-%d}")
    champion, challenger = champion_of(config.nights), challenger_of(config.nights, config.model)
    if not champion.is_dir():
        raise ModelError("there is no champion yet", where=str(champion), remedy="ringsight score trains the first one")
    last = last_published(config.nights)
    seen = () if last is None else (last.folder,)
    with report_to(progress):
        whole = as_bank(bank, *seen)
        earlier, later, moment = split_in_time(whole, config.later)
        train(earlier, challenger, config, seed=config.seed)
        hashes = tuple(_hash(model) for model in (champion, challenger))
        gains = gains_of(whole, (earlier, later), (champion, challenger), config)
    verdict = the_rule(gains, config.margin)
    told = Challenge(
        champion=champion.relative_to(config.nights).as_posix(),
        challenger=challenger.relative_to(config.nights).as_posix(),
        champion_hash=hashes[0],
        challenger_hash=hashes[1],
        held_out_from=moment.isoformat(timespec="seconds"),
        gains=gains,
        verdict=verdict,
        promoted=verdict is Verdict.better and config.by_rule,
        margin=config.margin,
        confidence=config.confidence,
        asked_power=config.power,
    )
    write_json(_file(config.nights, config.model), told.as_dict())
    if told.promoted:
        promote_challenger(config.nights, config.model, RULE, f"{verdict}: see {CHALLENGES}/{config.model}.json")
    return told


def the_rule(gains: Sequence[PairedGain], margin: float) -> Verdict:
    """What follows from the gains; figures with too few units have no say."""
    judged = [gain for gain in gains if gain.judged]
    if any(gain.high < 0 for gain in judged):
        return Verdict.worse
    if not judged or any(gain.low < -margin for gain in judged):
        return Verdict.unsure
    return Verdict.better if any(gain.surely_above > 0 for gain in judged) else Verdict.as_good


def promote_challenger(nights: Path | str, model: str, by: str, why: str) -> Champion:
    """Let the nights be searched with a challenger from now on; it must be as it was when it was compared.

    Args:
        nights: folder of the nights.
        model: name of the challenger.
        by: who says so.
        why: what was looked at.

    Raises:
        SettingsError: if nobody is named, it was never compared, or a night is being scored.
        ModelError: if it has changed since.
    """
    if not by:
        raise SettingsError("who promotes it must be named", remedy="by=NAME why='what was looked at'")
    nights = Path(nights)
    file = _file(nights, model)
    if not file.is_file():
        raise SettingsError(
            f"{model} was never compared", where=str(file), remedy="ringsight challenge compare model=..."
        )
    folder, compared = challenger_of(nights, model), read_json(file)["challenger_hash"]
    if _hash(folder) != compared:
        raise ModelError("it is not the model that was compared", where=str(folder), remedy="compare it again")
    with scoring_alone(nights):
        return promote(nights, folder, compared, by, why)


def roll_back_champion(nights: Path | str, by: str, why: str) -> Champion:
    """Go back to the model before.

    Args:
        nights: folder of the nights.
        by: who says so.
        why: what was seen.

    Raises:
        SettingsError: if nobody is named, there was no other, or a night is being scored.
    """
    if not by:
        raise SettingsError("who goes back must be named", remedy="by=NAME why='what was seen'")
    nights = Path(nights)
    with scoring_alone(nights):
        return roll_back(nights, by, why)


def _hash(model: Path) -> str:
    from ringsight.fusion.embed import model_hash

    return model_hash(model)


def _file(nights: Path, model: str) -> Path:
    return nights / CHALLENGES / f"{model}.json"
