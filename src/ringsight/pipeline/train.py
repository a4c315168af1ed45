"""The second step: the parts of a model that are not there yet are trained, on the bank itself."""

from collections.abc import Iterator
from pathlib import Path

from ringsight.encoders.settings import FEWEST_CUSTOMERS
from ringsight.fusion.settings import ModelConfig, Part
from ringsight.pipeline.settings import RunConfig
from ringsight.progress import Callback, report_to, say, skip, stage
from ringsight.records.bank import Bank
from ringsight.runs.run import Run


def train(
    bank: Bank,
    model: Path | str,
    config: ModelConfig | None = None,
    *,
    part: Part | None = None,
    again: bool = False,
    seed: int = 0,
    progress: Callback | None = None,
) -> dict[str, dict[str, float]]:
    """Train the parts of a model that are not there yet.

    A modality that too few customers have is left out. A joint space that stands on other encoders, or was not taught
    by the pairs that are named, is trained anew.

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
        DataError: if no modality can be learned from, or not the one asked for; or decided pairs cannot be used.
        ModelError: if a part that is there is damaged.
    """
    from ringsight.fusion.training import train_missing  # torch takes seconds to import

    config, model = config or ModelConfig(), Path(model)
    metrics: dict[str, dict[str, float]] = {}
    with report_to(progress):
        for each in _parts(bank) if part is None else (part,):
            with stage(f"train {each}", f"training {each}"):
                if each is Part.joint and not again:
                    _say_if_outdated(bank, config, model)
                trained = train_missing(bank, config, model, seed, only=each, again=again)
            if not trained:
                say(f"  kept as it lies in {model / each}; remove that folder to train it anew")
            metrics |= trained
    return metrics


def model_for(bank: Bank, config: RunConfig, run: Run) -> Path:
    """The folder of the model to complete and to embed with.

    A model that is named and has its joint space is left as it is: if that has to be trained anew, the encoders are
    copied into the run's own folder, and it is trained there.

    Raises:
        ModelError: if the model is damaged, or the run's own folder holds other encoders.
    """
    own = run.paths.model
    if config.model is None or not (config.model / Part.joint).is_dir() or config.model.resolve() == own.resolve():
        return config.model or own
    from ringsight.fusion.training import modalities_of, outdated, take_over

    why = outdated(config.model, modalities_of(bank), config.fusion)
    if not why:
        return config.model
    take_over(config.model, own)
    say(f"{config.model} stays as it is; its joint space is trained anew in {own}: {why}")
    return own


def _parts(bank: Bank) -> Iterator[Part]:
    """The parts that can be learned from a bank; of the others it is told that they are left out."""
    from ringsight.fusion.training import modalities_of

    learnable = [Part(modality.value) for modality in modalities_of(bank)]
    for part in Part:
        if learnable and part is not Part.joint and part not in learnable:
            skip(f"train {part}", f"training {part}: left out, fewer than {FEWEST_CUSTOMERS} customers have any")
        else:
            yield part


def _say_if_outdated(bank: Bank, config: ModelConfig, model: Path) -> None:
    from ringsight.fusion.training import modalities_of, outdated

    why = outdated(model, modalities_of(bank), config.fusion) if (model / Part.joint).is_dir() else ""
    if why:
        say(f"  the joint space is trained anew: {why}")
