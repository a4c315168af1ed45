"""`ringsight embed`: a bank and a model to embeddings, on disk and in the vector store."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from shlex import join

from ringsight.jobs.command import Command
from ringsight.jobs.stages import stages_told
from ringsight.pipeline.run import embed_into
from ringsight.pipeline.settings import RunConfig
from ringsight.records.bank import BankConfig
from ringsight.records.embeddings import Embeddings
from ringsight.vectors.vector_store import StoreConfig


@dataclass(kw_only=True, slots=True)
class EmbedJob:
    """What `ringsight embed` can be told."""

    bank: BankConfig
    """The bank."""
    store: StoreConfig = field(default_factory=StoreConfig)
    """Where the vectors are kept."""
    model: Path = Path("models/default")
    """Folder of a trained model."""
    out: Path = Path("out/run")
    """Folder for the embeddings and, unless named elsewhere, the vectors."""


def run(config: EmbedJob) -> Mapping[str, Embeddings]:
    """Embed, and index what was embedded.

    Raises:
        RingsightError: for what a user can mend.
    """
    with stages_told(3) as stages:
        embeddings = embed_into(config.bank, config.out, RunConfig(model=config.model, store=config.store))
    stages.show()
    told = join(["ringsight", "detect", f"bank.path={config.bank.path}", f"out={config.out}"])
    stages.say(f"Next: {told}")
    return embeddings


COMMAND = Command("embed", EmbedJob, run, folder="out")
