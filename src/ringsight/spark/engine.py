"""Spark as the pipeline asks for it: embeddings, and any work that is spread."""

import shutil
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import numpy as np
import polars as pl

from ringsight.encoders.part import Part
from ringsight.encoders.registered import ENCODERS, Encoder
from ringsight.errors import ModelError
from ringsight.fusion.embed import by_space, embed_joint, model_hash
from ringsight.fusion.unchanged import Unchanged
from ringsight.progress import steps
from ringsight.records.bank import Bank
from ringsight.records.embeddings import JOINT, Embeddings
from ringsight.records.writing import TemporaryFolder
from ringsight.spark import customer_vectors
from ringsight.spark.customer_vectors import Asked
from ringsight.spark.handed_over import hand_over
from ringsight.spark.session import session_of
from ringsight.spark.settings import SparkConfig
from ringsight.spark.waves import in_waves

if TYPE_CHECKING:
    from pyspark.sql import SparkSession


class SparkEngine:
    """What takes long, in tasks of Spark."""

    def __init__(self, session: "SparkSession", config: SparkConfig) -> None:
        """Work in a session; `opened` opens one."""
        self.session, self._config = session, config
        self._archives, self._sent = TemporaryFolder(), set[str]()

    @classmethod
    @contextmanager
    def opened(cls, config: SparkConfig) -> Iterator["SparkEngine"]:
        """The engine, in a session that is closed at the end unless it was open before.

        Raises:
            SettingsError: if pyspark or Java is missing.
            EngineError: if Spark does not start, or a task fails.
        """
        with session_of(config) as session:
            yield cls(session, config)

    def spread(self, work: Callable[[Any], Any], items: Iterable[Any]) -> Iterator[Any]:
        """Give what `work` makes of each item, in their order (`workers.spread_by`)."""
        return in_waves(self.session.sparkContext, work, items)

    def embed_bank(self, bank: Bank, model: Path, unchanged: Unchanged | None = None) -> dict[str, Embeddings]:
        """Embed a bank in every space that a model has, as `fusion.embed.embed_bank` does, to a rounding error.

        Args:
            bank: to embed.
            model: folder of the model.
            unchanged: customers who are not embedded again; by default everybody is.

        Raises:
            ModelError: if the model is missing, damaged, or its parts do not belong together.
        """
        trained = [encoder for encoder in ENCODERS if (model / encoder.modality).is_dir()]
        if not trained:
            raise ModelError("no trained encoder here", where=str(model), remedy="ringsight train bank.path=FOLDER")
        told, name, unchanged = bank.telling(), self._send(model), unchanged or Unchanged({}, {})
        with self._folder() as folder:
            made = [
                unchanged.beside(each)
                for encoder in steps(trained, "embedding with Spark")
                for each in self._embedded(
                    encoder, unchanged.changed_alone(told, encoder.modality), model, name, folder
                )
            ]
        embeddings = by_space(made)
        if (model / JOINT).is_dir():
            joint = unchanged.beside(embed_joint(unchanged.to_join(embeddings), model / JOINT))
            embeddings = by_space([*made, joint])
        return embeddings

    def _embedded(self, encoder: Encoder, bank: Bank, model: Path, name: str, folder: Path) -> Iterable[Embeddings]:
        """The spaces of one modality; of one that Spark has no way for, on this machine."""
        modality = encoder.modality
        records, way = bank.table(modality), customer_vectors.WAYS.get(modality)
        if way is None:
            return encoder.embed(bank, model / modality)
        nobody = encoder.embed(bank.with_records(**{modality: records.clear()}), model / modality)
        if records.is_empty():
            return nobody
        files = hand_over(bank, modality, folder / modality, self._config.customers)
        rows = self.session.read.parquet(str(folder / modality))
        asked = Asked(name, files, self._config.batch, Part.read(model / modality, modality), [e.space for e in nobody])
        found = pl.DataFrame(way(rows, asked).toArrow()).sort("space", "customer_id")
        return [_filled(each, found.filter(pl.col("space") == each.space), bank.data_hash) for each in nobody]

    def _send(self, model: Path) -> str:
        """Send a model to whoever works, once; the name under which it is there."""
        name = model_hash(model)
        if name not in self._sent:
            archive = shutil.make_archive(str(self._archives.path / name), "zip", model)
            self.session.sparkContext.addArchive(f"{archive}#{name}")
            self._sent.add(name)
        return name

    @contextmanager
    def _folder(self) -> Iterator[Path]:
        """A folder for records that are handed over; it goes at the end."""
        if self._config.folder is None:
            yield TemporaryFolder().path
            return
        folder = self._config.folder / f"ringsight-{uuid4().hex}"
        folder.mkdir(parents=True, mode=0o700)
        try:
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)


def _filled(nobody: Embeddings, rows: pl.DataFrame, data_hash: str) -> Embeddings:
    """The vectors of a space that has none yet."""
    vectors = rows["vector"].explode().to_numpy().astype(np.float32).reshape(len(rows), nobody.dim)
    return replace(
        nobody, customer_ids=rows["customer_id"].to_numpy().astype(np.str_), vectors=vectors, data_hash=data_hash
    )
