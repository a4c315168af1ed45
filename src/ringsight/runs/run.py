"""A run: the folder that one pass over a bank writes, and what can be done with it."""

import shutil
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from html import escape
from pathlib import Path
from typing import Any, Self

import polars as pl

from ringsight.detection.lineage import TABLES as LINEAGE_TABLES
from ringsight.detection.lineage import Lineage
from ringsight.detection.results import TABLES, Results, require_columns
from ringsight.errors import DataError, ModelError
from ringsight.explain.ledger import Ledger, ledger, read_ledger
from ringsight.records.bank import Bank, BankConfig
from ringsight.records.embeddings import Embeddings
from ringsight.records.fingerprints import Fingerprints
from ringsight.records.quarantine import write_quarantine
from ringsight.records.reading import read_bank
from ringsight.records.writing import hash_files, write_folder_atomically
from ringsight.runs.files import read_json, read_table, write_json, write_table
from ringsight.runs.kept_pictures import keep_pictures
from ringsight.runs.manifest import (
    Manifest,
    address,
    former_manifest,
    list_files,
    named,
    read_manifest,
    require_finished,
)
from ringsight.runs.paths import RunPaths
from ringsight.runs.settings import read_settings, restored, write_settings
from ringsight.vectors.vector_store import StoreConfig, StoreKind

FLOATS = 6
"""Decimals of the results in CSV."""


class Run:
    """One run, by its folder; what lies there is read when it is asked for."""

    def __init__(self, folder: Path | str) -> None:
        """Name the folder; nothing is read, and nothing need be there."""
        self.folder = Path(folder)
        self.paths = RunPaths(self.folder)

    def __repr__(self) -> str:
        """The folder and what was found, or why it cannot be opened, in a line."""
        try:
            what = self.results.described()
        except DataError as refused:
            what = refused.what
        return f"Run({self.folder}: {what})"

    def _repr_html_(self) -> str:
        """The folder and the flagged rings, for a notebook."""
        table = self.results._repr_html_() if self.finished else ""
        return f"<p>{escape(repr(self))}</p>{table}"

    # --- begin and finish ----------------------------------------------------------------------------------------

    @classmethod
    def begin(
        cls,
        folder: Path | str,
        bank: Bank,
        *,
        model: Path | None = None,
        store: StoreConfig | None = None,
        previous: Path | None = None,
    ) -> Self:
        """Begin a run: results and frames of an earlier one go, and what could not be used of the bank is written.

        Args:
            folder: of the run, made where it is not there.
            bank: that is searched.
            model: folder of the model; by default that of the earlier run, or else `model` in the folder.
            store: of the vectors; by default that of the earlier run.
            previous: folder of the run before.
        """
        run = cls(folder)
        former, frames = former_manifest(run.paths), named(run.paths.frames, run.folder)
        Manifest.beginning(
            bank=named(bank.path, run.folder),
            model=named(model or run.model, run.folder),
            store=address(store, run.folder) if store else former.store if former else "",
            previous=named(previous, run.folder) if previous else "",
        ).write(run.paths)
        keep_pictures(bank, run.paths)
        run.paths.clear_results()
        if former and former.bank == frames and bank.path.resolve() != run.paths.frames.resolve():
            shutil.rmtree(run.paths.frames)
        write_quarantine(bank, run.paths.quarantine)
        if bank.files is not None:
            write_table(run.paths.fingerprints, bank.files.table())
        return run

    def finish(self) -> None:
        """Write down that the results are whole, and which files they are.

        Raises:
            DataError: if the run was not begun.
        """
        manifest = read_manifest(self.paths)
        if manifest is None:
            raise DataError("no run was begun here", where=str(self.folder))
        manifest.finished(self.paths).write(self.paths)

    @property
    def finished(self) -> bool:
        """Whether the run can be opened."""
        try:
            require_finished(self.paths)
        except DataError:
            return False
        return True

    # --- what it found ---------------------------------------------------------------------------------------------

    @cached_property
    def results(self) -> Results:
        """The rings, and what they were judged by.

        Raises:
            DataError: if the run is not finished, or was written by a former version.
        """
        require_finished(self.paths)
        tables = {name: read_table(self.paths.table(name)) for name in TABLES}
        require_columns(tables, str(self.folder))
        return Results(**tables, summary=read_json(self.paths.summary))

    @cached_property
    def lineage(self) -> Lineage:
        """The rings that the run knows, and what became of them since the run before; of a former version's, too.

        Raises:
            DataError: if the run is not finished, or has no lineage.
        """
        require_finished(self.paths, former=True)
        number = read_json(self.paths.summary).get("run")
        if number is None or not self.follows:
            raise DataError(
                "this run has no lineage, so its rings cannot be followed",
                where=str(self.folder),
                remedy="detect there again, or leave out `previous` to begin a lineage anew",
            )
        return Lineage(number, **{name: read_table(self.paths.table(name)) for name in LINEAGE_TABLES})

    @property
    def follows(self) -> bool:
        """Whether the run has a lineage."""
        return all(self.paths.table(name).is_file() for name in LINEAGE_TABLES)

    def embeddings(self, bank: Bank | None = None) -> dict[str, Embeddings]:
        """The embeddings, by space.

        Args:
            bank: refuse embeddings of any other records.

        Raises:
            ModelError: if there are none, or they were made from other records than the bank's.
        """
        files = self.paths.embedding_files()
        remedy = (
            f"run `ringsight embed bank.path={bank.path if bank else 'FOLDER'} model=MODEL out={self.folder}` first"
        )
        if not files:
            raise ModelError("no embeddings here", where=str(self.paths.embeddings), remedy=remedy)
        embeddings = {path.stem: Embeddings.read(path) for path in files}
        for path in files:
            if bank and embeddings[path.stem].data_hash != bank.data_hash:
                raise ModelError("made from other records than this bank's", where=str(path), remedy=remedy)
        return embeddings

    def embedded_from(self) -> pl.DataFrame | None:
        """What the embeddings were made from: fingerprints of customers' records; None where that is not known."""
        return read_table(self.paths.embedded_from) if self.paths.embedded_from.is_file() else None

    def ledger(self, ring_id: str) -> Ledger:
        """The ledger of a ring: as the run wrote it, or made now, of a ring that nobody need look at.

        Raises:
            DataError: if there is no such ring, or the bank's records are not those that the run searched.
        """
        self.results.graph(ring_id)  # refuses a ring that is not there
        written = self.paths.ledger(ring_id)
        return read_ledger(written) if written.is_file() else ledger(ring_id, self.results, self.searched_bank())

    def digest(self) -> str:
        """SHA-256 over what the run found: rings, members and summary."""
        return hash_files([self.paths.table("rings"), self.paths.table("members"), self.paths.summary], self.folder)

    # --- what it was made from -------------------------------------------------------------------------------------

    def settings(self) -> dict[str, Any]:
        """What was in force, as plain values; empty where it was not written down."""
        return read_settings(self.paths.settings)

    @property
    def model(self) -> Path:
        """Folder of the model that the run embeds with."""
        if (manifest := former_manifest(self.paths)) is not None:
            return self.folder / manifest.model
        told = self.settings().get("model")  # of a former version
        return Path(told) if told else self.paths.model

    @property
    def bank_folder(self) -> Path | None:
        """Folder of the bank that the run searched; None where a former version did not write it down."""
        if (manifest := former_manifest(self.paths)) is not None:
            return self.folder / manifest.bank
        told = (self.settings().get("bank") or {}).get("path")  # of a former version
        return Path(told) if told else None

    @property
    def commit(self) -> str:
        """Commit of ringsight that made the run; empty where it did not run from a checkout."""
        manifest = former_manifest(self.paths)
        return manifest.commit if manifest else ""

    def store(self, asked: StoreConfig | None = None) -> StoreConfig:
        """Where the run keeps its vectors: the store that is asked for, else the run's own.

        Args:
            asked: settings that name another store; those that are all as by default name none.
        """
        if asked is not None and asked != StoreConfig():
            return asked.beside(self.folder)
        told = restored(StoreConfig, self.settings().get("store") or {}, f"{self.paths.settings}, store")
        manifest = former_manifest(self.paths)
        if told.kind is StoreKind.lite and manifest is not None and manifest.store:
            return replace(told, path=self.folder / manifest.store)
        return told.beside(self.folder)

    def bank_config(self, folder: Path | None = None) -> BankConfig:
        """How the run read its bank, for reading it again, there or in another folder.

        Raises:
            DataError: if the run does not say which bank it searched, and no folder is named.
        """
        folder = folder or self.bank_folder
        if folder is None:
            remedy = "name the bank's folder"
            raise DataError("does not say which bank it searched", where=str(self.folder), remedy=remedy)
        told = {key: value for key, value in (self.settings().get("bank") or {}).items() if key != "path"}
        return restored(BankConfig, told | {"path": folder}, f"{self.paths.settings}, bank")

    def read_bank(self, folder: Path | None = None) -> Bank:
        """Read the bank as the run read it, whether or not its records are still the same.

        Files that have not changed since are not hashed again, and their images not decoded: the run has small copies.

        Raises:
            DataError: if the bank is not there, or cannot be read.
        """
        config = self.bank_config(folder)
        return read_bank(config, seen=self.seen(config.path))

    def seen(self, folder: Path) -> Fingerprints | None:
        """The files of a bank as the run saw them; None where that was not written down.

        Args:
            folder: where the bank lies now.
        """
        try:
            return Fingerprints.of_table(folder, read_table(self.paths.fingerprints), self.paths.pictures)
        except (DataError, pl.exceptions.PolarsError):  # all of it is looked at anew, then
            return None

    def searched_bank(self, folder: Path | None = None) -> Bank:
        """Read the bank that the run searched.

        Raises:
            DataError: if the run is not finished, or the records are not those that it searched.
        """
        bank = self.read_bank(folder)
        if bank.data_hash != self.results.summary["data_hash"]:
            raise DataError(
                "the bank's records are not those that this run searched",
                where=str(self.folder),
                remedy="name the folder that was searched, or detect again",
            )
        return bank

    # --- what is written -------------------------------------------------------------------------------------------

    def write_results(self, results: Results, lineage: Lineage | None = None) -> None:
        """Write every table as Parquet and, but for the null, as CSV; the summary comes last."""
        for name in LINEAGE_TABLES if lineage else ():
            write_table(self.paths.table(name), getattr(lineage, name))
            write_table(self.paths.csv(name), getattr(lineage, name))
        for name in TABLES:
            write_table(self.paths.table(name), getattr(results, name))
            if name != "null":
                write_table(self.paths.csv(name), getattr(results, name), FLOATS)
        write_json(self.paths.summary, results.summary, sort_keys=True)

    def write_settings(self, settings: Mapping[str, Any]) -> None:
        """Write what is in force; the values may be settings dataclasses."""
        write_settings(self.paths.settings, settings)

    def write_ledgers(self, ledgers: Mapping[str, Ledger]) -> None:
        """Write the ledgers of rings, by ring id; those of an earlier run go."""
        with write_folder_atomically(self.paths.ledgers) as partial:
            for ring_id, each in ledgers.items():
                file = partial / self.paths.ledger(ring_id).relative_to(self.paths.ledgers)
                file.parent.mkdir()
                file.write_text(each.to_json(), encoding="utf-8", newline="\n")

    def write_embeddings(self, embeddings: Mapping[str, Embeddings], made_from: pl.DataFrame | None = None) -> None:
        """Write the embeddings of every space, and what they were made from; those of an earlier model go."""
        self.paths.embedded_from.unlink(missing_ok=True)
        with write_folder_atomically(self.paths.embeddings) as partial:
            for space, vectors in embeddings.items():
                vectors.write(partial / f"{space}.parquet")
        if made_from is not None:
            write_table(self.paths.embedded_from, made_from)

    def write_decided(self, decided: pl.DataFrame) -> None:
        """Write on which rings the decisions bear."""
        write_table(self.paths.decided, decided)

    def write_decisions(self, decisions: pl.DataFrame) -> None:
        """Write the decided pairs that the run takes over from the last."""
        write_table(self.paths.decisions, decisions)

    def write_stages(self, stages: Sequence[Mapping[str, Any]]) -> None:
        """Write time and memory of every stage."""
        write_json(self.paths.stages, list(stages))
        list_files(self.paths)

    def write_evaluation(self, evaluation: Mapping[str, Any]) -> None:
        """Write how the run stands against the truth."""
        write_json(self.paths.evaluation, dict(evaluation))
        list_files(self.paths)

    def write_false_positives(self, rates: pl.DataFrame) -> None:
        """Write the false-positive rates of protected groups."""
        write_table(self.paths.false_positives, rates)
        list_files(self.paths)


def open_run(folder: Path | str) -> Run:
    """Open a finished run.

    Raises:
        DataError: if the run is not finished, or was written by a former version.
    """
    run = Run(folder)
    require_finished(run.paths)
    return run
