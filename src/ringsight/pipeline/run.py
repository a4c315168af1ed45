"""All steps in one, into one folder; and the two halves of it."""

from collections.abc import Collection, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from ringsight.detection.lineage import Lineage
from ringsight.detection.settings import DetectConfig
from ringsight.encoders.unread_notes import mark_unread_notes
from ringsight.fusion.settings import parts
from ringsight.pipeline.continuing import continued, lineage_before
from ringsight.pipeline.detect import find_rings
from ringsight.pipeline.embed import embed
from ringsight.pipeline.entities_alone import entities_alone, say_if_uncorroborated
from ringsight.pipeline.explain import explain
from ringsight.pipeline.index import index
from ringsight.pipeline.read import as_bank
from ringsight.pipeline.settings import RunConfig, in_force
from ringsight.pipeline.train import model_for, refuse_without_effect, train
from ringsight.progress import Callback, report_to
from ringsight.records.bank import Bank, BankConfig
from ringsight.records.embeddings import Embeddings
from ringsight.runs.kept_frames import keep
from ringsight.runs.paths import RunPaths
from ringsight.runs.run import Run

STAGES = 5 + len(parts())
"""Stages of `run`: reading, training each part, embedding, indexing, detecting, reporting."""
AnyBank = Bank | BankConfig | Path | str
"""A bank that is read, how to read one, or its folder."""


def run(
    bank: AnyBank,
    out: Path | str,
    *,
    model: Path | str | None = None,
    after: Run | Path | str | None = None,
    detect: DetectConfig | None = None,
    seed: int | None = None,
    settings: RunConfig | None = None,
    progress: Callback | None = None,
) -> Run:
    """Go the whole way: read, train what is missing, embed, index, detect, explain.

    The same bank, settings and seed give the same `rings.csv` on the same machine, byte for byte.

    Args:
        bank: a folder in the data contract, how to read one, or a bank that is read already.
        out: folder for everything that the run writes.
        model: folder of the model; parts it lacks are trained into it. By default `model` in `out`.
        after: the last run: its lineage, its model and what analysts have decided since are taken over.
        detect: the rate asked, permutations, candidates.
        seed: of training and detection; 0 by default.
        settings: everything else; what is named beside them counts instead.
        progress: is told of the work.

    Raises:
        RingsightError: for what a user can mend; `out` then holds no results, or an earlier run's untouched.
    """
    settings = settings or RunConfig()
    last = after.folder if isinstance(after, Run) else after
    named: dict[str, Any] = {
        "model": model and Path(model),
        "after": last and Path(last),
        "detect": detect,
        "seed": seed,
    }
    settings = replace(settings, **{name: value for name, value in named.items() if value is not None})
    with report_to(progress):
        return carry_out(bank, Path(out), settings)


def carry_out(bank: AnyBank, out: Path, settings: RunConfig, asked: Collection[str] = ()) -> Run:
    """Go the whole way by settings that are complete.

    Args:
        bank: as `run` takes it.
        out: folder for everything that the run writes.
        settings: all of them.
        asked: keys of settings that were asked for, though they may be as by default.

    Raises:
        RingsightError: as `run` does.
    """
    settings, decisions = continued(settings, out, asked)
    previous = lineage_before(settings.previous, out)
    records = as_bank(bank, out, settings.previous)
    if decisions is not None:
        Run(out).write_decisions(decisions)
    records = mark_unread_notes(records, settings.model or Run(out).paths.model, settings.notes)
    say_if_uncorroborated(records)
    model = model_for(records, settings, Run(out))
    refuse_without_effect(records, model, settings, asked)  # before anything of an earlier run goes
    settings, store = replace(settings, model=model), settings.store.beside(out)
    records = keep(records, RunPaths(out))
    begun = Run.begin(out, records, model=model, store=store, previous=settings.previous)
    train(records, model, settings, seed=settings.seed)
    embeddings = embed(records, model, into=begun, after=Run(settings.after) if settings.after else None)
    index(records, embeddings, store)
    return _search(begun, records, embeddings, previous, settings)


def embed_into(bank: AnyBank, out: Path, settings: RunConfig) -> Mapping[str, Embeddings]:
    """The first half, by a model that is trained: read, embed, index.

    Args:
        bank: to embed.
        out: folder for the embeddings and, unless named elsewhere, the store.
        settings: `model` and `store`; the others are not read.

    Raises:
        RingsightError: for what a user can mend.
    """
    records = as_bank(bank, out)
    store = settings.store.beside(out)
    records = keep(records, RunPaths(out))
    begun = Run.begin(out, records, model=settings.model, store=store)
    embeddings = embed(records, begun.model, into=begun)
    index(records, embeddings, store)
    begun.write_settings(in_force(records, settings))
    return embeddings


def detect_into(bank: AnyBank, out: Path, settings: RunConfig) -> Run:
    """The second half, over embeddings that are there: read, detect, explain.

    Args:
        bank: that was embedded.
        out: folder that holds the embeddings; results go beside them.
        settings: `detect`, `previous` and `seed`; model and store are those of the embeddings.

    Raises:
        RingsightError: for what a user can mend; embeddings of other records leave earlier results untouched.
    """
    previous = lineage_before(settings.previous, out)
    there, records = Run(out), as_bank(bank, out, settings.previous)
    embeddings = {} if entities_alone(records) and not there.paths.embedding_files() else there.embeddings(records)
    settings = replace(settings, model=there.model, store=there.store())
    records = keep(mark_unread_notes(records, there.model, settings.notes), RunPaths(out))
    begun = Run.begin(out, records, previous=settings.previous)
    return _search(begun, records, embeddings, previous, settings)


def _search(
    begun: Run, bank: Bank, embeddings: Mapping[str, Embeddings], previous: Lineage, settings: RunConfig
) -> Run:
    """Detect, explain, and finish the run."""
    results = find_rings(begun, bank, embeddings, previous, settings)
    explain(begun, results, bank, embeddings)
    begun.write_settings(in_force(bank, settings))
    begun.finish()
    return begun
