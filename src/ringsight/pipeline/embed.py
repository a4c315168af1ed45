"""The third step: a bank and a model become embeddings, by space."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import polars as pl

from ringsight.encoders.settings import NotesConfig
from ringsight.encoders.unread_notes import mark_unread_notes
from ringsight.errors import ModelError
from ringsight.pipeline.entities_alone import entities_alone
from ringsight.progress import Callback, report_to, say, skip, stage
from ringsight.records.bank import Bank
from ringsight.records.embeddings import Embeddings
from ringsight.runs.run import Run

if TYPE_CHECKING:
    from ringsight.fusion.unchanged import Unchanged
    from ringsight.spark.engine import SparkEngine


def embed(
    bank: Bank,
    model: Path | str,
    *,
    into: Run | None = None,
    after: Run | None = None,
    engine: "SparkEngine | None" = None,
    progress: Callback | None = None,
) -> dict[str, Embeddings]:
    """Embed a bank in every space of a model.

    Args:
        bank: to embed.
        model: folder of a trained model.
        into: a run to write the embeddings into; if it has those of the same model and records, they are taken.
        after: the last run; customers whose records are the same keep the vectors that the same part of a model made.
        engine: spreads the work; by default this machine does it.
        progress: is told of the work.

    Returns:
        By space: the learned space and the facets of each modality that the model has, and `joint`. None where the
        bank has entity columns alone, and so no model.

    Raises:
        ModelError: if the model is missing, damaged, or its parts do not belong together.
    """
    if entities_alone(bank) and not Path(model).is_dir():
        with report_to(progress):
            skip("embed", "embedding: left out, only the evidence columns of customers are compared")
        if into is not None:
            into.write_embeddings({})
        return {}
    from ringsight.fusion.embed import embed_bank, model_hash  # torch takes seconds to import
    from ringsight.fusion.unchanged import embedded_from

    with report_to(progress), stage("embed", f"embedding {len(bank.customers):,} customers"):
        made_by = model_hash(Path(model))
        bank = mark_unread_notes(bank, Path(model), NotesConfig())
        if into is not None and (kept := _kept(into, made_by, bank)):
            return kept
        made_from = embedded_from(bank, Path(model)) if into is not None or after is not None else None
        embed_all = engine.embed_bank if engine else embed_bank
        embedded = embed_all(bank, Path(model), _unchanged(after, made_from))
        made = {space: replace(each, model_hash=made_by) for space, each in embedded.items()}
        if into is not None:
            into.write_embeddings(made, made_from)
    return made


def _unchanged(after: Run | None, made_from: pl.DataFrame | None) -> "Unchanged | None":
    """Whose vectors of the last run stay; None where it has none, or does not say what they were made from."""
    from ringsight.fusion.unchanged import Unchanged

    if after is None or made_from is None or (former := after.embedded_from()) is None:
        return None
    unchanged = Unchanged.since(after.embeddings(), former, made_from)
    told = {part: len(customers) for part, customers in sorted(unchanged.customers.items())}
    counted = ", ".join(f"{part} {count:,}" for part, count in told.items()) or "nobody"
    say(f"  as in {after.folder}, and not embedded again: {counted}")
    return unchanged


def _kept(run: Run, made_by: str, bank: Bank) -> dict[str, Embeddings]:
    """The embeddings that a run has of a model and a bank; none where any is of another."""
    try:
        there = run.embeddings(bank)
    except ModelError:
        return {}
    same = all(each.model_hash == made_by for each in there.values())
    return there if same and _of_those_who_tell(there, bank) else {}


def _of_those_who_tell(embeddings: Mapping[str, Embeddings], bank: Bank) -> bool:
    """Whether nobody has a vector whose records are passed over now, and nobody lacks one whose records are not."""
    told = {name: set(records["customer_id"]) for name, records in bank.telling().records.items()}
    learned = (each for name, each in embeddings.items() if name in told)
    return all(set(each.customer_ids.tolist()) == told[each.space] for each in learned)
