"""Notes and images read one by one, by `predict_batch_udf`: each process loads a part once, and reads in batches.

The networks are those of one machine, and so is what is done before and after them.
"""

import io
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl
from numpy.typing import NDArray
from PIL import Image

from ringsight.encoders.part import Part
from ringsight.encoders.settings import Portrait
from ringsight.spark.handed_over import PICTURE

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

SAID, VECTOR = "said", "vector"
"""What a note says without what is common to all, and its vector."""
Arrays = Mapping[str, NDArray[Any]]


def part_of(model: str, modality: str) -> Part:
    """The part of a model that was sent to the tasks under this name."""
    from pyspark import SparkFiles

    return Part.read(Path(SparkFiles.get(model)) / modality, modality)


def notes_read(notes: "DataFrame", model: str, batch: int) -> "DataFrame":
    """Read notes: each that says something gets `said` and `vector`.

    Args:
        notes: in the columns of the data contract.
        model: name under which it was sent to the tasks.
        batch: notes read at once.
    """
    from pyspark.sql import functions as F

    read = _predicting(partial(_note_reader, model), {SAID: "string", VECTOR: "array<float>"}, batch)
    columns = [column for column in ("customer_id", "agent_id") if column in notes.columns]
    told = notes.select(*columns, read("text").alias("read")).select(*columns, "read.*")
    return told.filter(F.col(SAID) != "")


def images_seen(images: "DataFrame", model: str, batch: int, spaces: list[str]) -> "DataFrame":
    """See images: each gets a vector in each space.

    Args:
        images: with their small copies, as `handed_over` has them.
        model: name under which it was sent to the tasks.
        batch: images seen at once.
        spaces: of the modality.
    """
    see = _predicting(partial(_image_reader, model), dict.fromkeys(spaces, "array<float>"), batch)
    return images.select("customer_id", see(PICTURE).alias("seen")).select("customer_id", "seen.*")


def _predicting(make: Callable[[], Callable[..., Arrays]], returns: dict[str, str], batch: int) -> Callable[..., Any]:
    from pyspark.ml.functions import predict_batch_udf
    from pyspark.sql.types import StructType, _parse_datatype_string

    told = _parse_datatype_string(", ".join(f"{name}: {kind}" for name, kind in returns.items()))
    assert isinstance(told, StructType)  # noqa: S101
    made: Callable[..., Any] = predict_batch_udf(make, return_type=told, batch_size=batch)
    return made


def _note_reader(model: str) -> Callable[[NDArray[np.object_]], Arrays]:
    from ringsight.encoders.notes import read_notes

    trained = part_of(model, "notes")

    def read(texts: NDArray[np.object_]) -> Arrays:
        notes = pl.DataFrame({"text": pl.Series(texts.tolist(), dtype=pl.String)}).with_row_index("place")
        told, found = read_notes(notes, trained)
        said, vectors = np.full(len(texts), "", dtype=object), np.zeros((len(texts), found.shape[1]), np.float32)
        said[told["place"]], vectors[told["place"]] = told["text"].to_list(), found
        return {SAID: said, VECTOR: vectors}

    return read


def _image_reader(model: str) -> Callable[[NDArray[np.object_]], Arrays]:
    from ringsight.encoders.id_images import see
    from ringsight.encoders.pictures import brought

    trained = part_of(model, "id_images")
    portrait = Portrait(trained.settings["portrait"])

    def seen(pictures: NDArray[np.object_]) -> Arrays:
        copies = (Image.open(io.BytesIO(picture), formats=("WEBP",)).convert("RGB") for picture in pictures)
        return see(brought(copies, portrait), trained)

    return seen
