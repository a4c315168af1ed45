"""The second step: the parts of a model that are not there yet are trained, on the bank itself."""

from collections.abc import Collection, Iterator
from pathlib import Path

from ringsight.encoders.settings import FEWEST_CUSTOMERS
from ringsight.encoders.unread_notes import mark_unread_notes
from ringsight.fusion.settings import ModelConfig, parts
from ringsight.fusion.trained_settings import differing, refuse_differing
from ringsight.pipeline.entities_alone import entities_alone
from ringsight.pipeline.settings import RunConfig
from ringsight.progress import Callback, report_to, say, skip, stage
from ringsight.records.bank import Bank
from ringsight.records.embeddings import JOINT
from ringsight.runs.run import Run


def train(
    bank: Bank,
    model: Path | str,
    config: ModelConfig | None = None,
    *,
    part: str | None = None,
    again: bool = False,
    seed: int = 0,
    progress: Callback | None = None,
) -> dict[str, dict[str, float]]:
    """Train the parts of a model that are not there yet.

    A modality that too few customers have is left out, and so is a joint space where too few have two records. A joint
    space that stands on other encoders, or was not taught by the pairs that are named, is trained anew.

    Args:
        bank: to learn from.
        model: folder of the model; each part is a folder in it.
        config: of every part.
        part: train this one alone.
        again: train parts anew that are there.
        seed: the same seed, settings and records give the same weights on a CPU.
        progress: is told of the work.

    Returns:
        By part, the metrics of those trained now, on customers held out.

    Raises:
        SettingsError: if a setting is asked for that a part which is kept was not trained with.
        DataError: if no modality can be learned from and there is no evidence column, or not the one asked for; or
            decided pairs cannot be used.
        ModelError: if a part that is there is damaged.
    """
    from ringsight.fusion.training import train_missing  # torch takes seconds to import

    config, model = config or ModelConfig(), Path(model)
    metrics: dict[str, dict[str, float]] = {}
    if not again:
        refuse_without_effect(bank, model, config, of=None if part is None else (part,))
    with report_to(progress):
        bank = mark_unread_notes(bank, model, config.notes)
        for each in _parts(bank, config, model) if part is None else (part,):
            with stage(f"train {each}", f"training {each}"):
                if each == JOINT and not again and (why := _why_outdated(bank, config, model)):
                    say(f"  the joint space is trained anew: {why}")
                trained = train_missing(bank, config, model, seed, only=each, again=again)
            if not trained:
                say(f"  kept as it lies in {model / each}; remove that folder to train it anew")
            metrics |= trained
    return metrics


def refuse_without_effect(
    bank: Bank, model: Path, config: ModelConfig, asked: Collection[str] = (), of: Collection[str] | None = None
) -> None:
    """Refuse settings that would have no effect, because the parts that they are for are trained and are kept.

    Args:
        bank: to learn from.
        model: folder of the model.
        config: of every part; a setting counts as asked for where it differs from its default.
        asked: keys of further settings that were asked for, though they are as by default.
        of: parts to look at; all by default. A joint space that must be trained anew takes what is asked for.

    Raises:
        SettingsError: naming each setting, what was asked for, and what the model was trained with.
        ModelError: if a part is damaged.
    """
    kept = list(parts() if of is None else of)
    if JOINT in kept and differing(model, config, asked, [JOINT]) and _why_outdated(bank, config, model):
        kept.remove(JOINT)
    refuse_differing(model, config, asked, kept)


def model_for(bank: Bank, config: RunConfig, run: Run) -> Path:
    """The folder of the model to complete and to embed with.

    A model that is named and has its joint space is left as it is: if that has to be trained anew, the encoders are
    copied into the run's own folder, and it is trained there.

    Raises:
        ModelError: if the model is damaged, or the run's own folder holds other encoders.
    """
    own = run.paths.model
    if config.model is None or config.model.resolve() == own.resolve():
        return own
    why = _why_outdated(bank, config, config.model)
    if not why:
        return config.model
    from ringsight.fusion.training import take_over

    take_over(config.model, own)
    say(f"{config.model} stays as it is; its joint space is trained anew in {own}: {why}")
    return own


def _parts(bank: Bank, config: ModelConfig, model: Path) -> Iterator[str]:
    """The parts that can be learned from a bank; of the others it is told that they are left out."""
    from ringsight.fusion.training import joint_lacks, modalities_of

    learnable, alone = modalities_of(bank), entities_alone(bank)
    for part in parts():
        if alone:
            skip(f"train {part}", f"training {part}: left out, only the evidence columns of customers are compared")
        elif learnable and part not in (JOINT, *learnable):
            skip(f"train {part}", f"training {part}: left out, fewer than {FEWEST_CUSTOMERS} customers have any")
        elif learnable and part == JOINT and not (model / JOINT).is_dir() and (why := joint_lacks(bank, config.fusion)):
            skip(f"train {part}", f"training {part}: left out, {why}, so that there are no two views of them")
        else:
            yield part


def _why_outdated(bank: Bank, config: ModelConfig, model: Path) -> str:
    """Why the joint space of a model must be trained anew; empty where it can be kept, or there is none."""
    from ringsight.fusion.training import modalities_of, outdated

    return outdated(model, modalities_of(bank), config.fusion) if (model / JOINT).is_dir() else ""
