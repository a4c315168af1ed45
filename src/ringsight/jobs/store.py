"""`ringsight store`: which models' vectors there are, and which of them readers see."""

from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

from rich.console import Console
from rich.table import Table

from ringsight.errors import ModelError, SettingsError
from ringsight.jobs.command import Command
from ringsight.runs.run import Run
from ringsight.vectors.opening import open_filled
from ringsight.vectors.vector_store import StoreConfig, StoredModel, VectorStore


class StoreAction(StrEnum):
    """What can be done with the models in a store."""

    status = "status"
    promote = "promote"
    rollback = "rollback"
    drop = "drop"


@dataclass(kw_only=True, slots=True)
class StoreJob:
    """What `ringsight store` can be told."""

    do: StoreAction = StoreAction.status
    """`status`: show the models. `promote`: let readers see one. `rollback`: let them see the one before.
    `drop`: remove one that they do not see."""
    model: str = ""
    """The model's hash, or how it begins; needed to promote and to drop."""
    store: StoreConfig = field(default_factory=StoreConfig)
    """Where the vectors are kept, if not where the run keeps them."""
    out: Path = Path("out/run")
    """Folder of the run whose store is meant, unless one is named."""

    def __post_init__(self) -> None:
        """Refuse to promote or drop what is not named.

        Raises:
            SettingsError: if no model is named.
        """
        if self.do in (StoreAction.promote, StoreAction.drop) and not self.model:
            raise SettingsError(
                f"do={self.do} needs a model",
                remedy=f"ringsight store do={self.do} model=HASH; `ringsight store do=status` lists them",
            )


def run(config: StoreJob) -> list[StoredModel]:
    """Do it, and show the models that are there afterwards.

    Raises:
        RingsightError: for what a user can mend.
    """
    with open_filled(Run(config.out).store(config.store)) as store:
        match config.do:
            case StoreAction.status:
                pass
            case StoreAction.promote:
                store.promote(the_model(store, config.model))
            case StoreAction.rollback:
                store.rollback()
            case StoreAction.drop:
                store.drop(the_model(store, config.model))
        models = store.models()
    Console().print(model_table(models))
    return models


def the_model(store: VectorStore, begins: str) -> str:
    """The hash of the one model whose hash begins so.

    Raises:
        ModelError: if there is none, or several.
    """
    hashes = [model.model_hash for model in store.models()]
    found = [model_hash for model_hash in hashes if model_hash.startswith(begins)]
    if len(found) != 1:
        raise ModelError(
            f"{len(found) or 'no'} models in the store begin with {begins!r}",
            remedy=f"name one of {', '.join(hashes)}" if hashes else "run `ringsight embed` first",
        )
    return found[0]


def model_table(models: list[StoredModel]) -> Table:
    """The models, one a row."""
    spaces = sorted({space for model in models for space in model.counts})
    table = Table(title="Models in the store", title_justify="left")
    table.add_column("model")
    table.add_column("readers see")
    for space in spaces:
        table.add_column(space, justify="right")
    for model in models:
        seen = "this one" if model.promoted else "the one before" if model.former else ""
        counts = [
            f"{model.counts[space]:,}" + " (half written)" * (space in model.half_written)
            if space in model.counts
            else ""
            for space in spaces
        ]
        table.add_row(model.model_hash, seen, *counts)
    return table


COMMAND = Command("store", StoreJob, run, verbatim=("model",))
