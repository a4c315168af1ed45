"""Notes by meaning: the store finds the customers who talk of it, the model the notes of theirs that do.

The store holds one vector of all notes for each customer, and none of a note alone: a second copy of what people said
would have to be erased, promoted and rolled back beside the first. So a question is embedded as a note is, the store
finds the customers whose notes are nearest, and only their notes are read and ranked.
"""

from pathlib import Path

import numpy as np
import polars as pl

from ringsight.encoders.notes import vectors_of_notes
from ringsight.errors import SettingsError
from ringsight.fusion.embed import model_hash
from ringsight.records.embeddings import Embeddings
from ringsight.vectors.filters import Filter
from ringsight.vectors.vector_store import VectorStore

SPACE = "notes"
WIDER = 6
"""Customers that the store is asked for, for each note that is wanted."""
NOBODY = "?"
"""Stands for the one who asks, where a customer's id does."""


def nearest_notes(
    question: str, notes: pl.DataFrame, store: VectorStore, model: Path, k: int, where: Filter | None = None
) -> pl.DataFrame:
    """The notes nearest in meaning to a question.

    Args:
        question: what the notes should be about.
        notes: all notes of the bank.
        store: finds the customers.
        model: folder of the model that filled it.
        k: how many notes.
        where: only notes of customers who fit it.

    Returns:
        Rows of `notes` with `similarity`, the cosine; the nearest first, ties by id.

    Raises:
        SettingsError: if nothing can be read in the question.
        RingsightError: as `VectorStore.search` does.
    """
    said, vector = vectors_of_notes(pl.DataFrame({"text": [question]}), model / SPACE)
    if said.is_empty() or not question.strip():
        raise SettingsError(
            "the question says nothing that the model of notes reads: it is blank, or what all notes begin with",
            remedy="ask in words that a note might have, as 'asks for an urgent payment'",
        )
    asked = Embeddings(SPACE, np.array([NOBODY]), vector, model_hash(model), "")
    customers = store.search(asked, WIDER * k, where).ids[0]
    theirs = notes.filter(pl.col("customer_id").is_in(customers[customers != ""].tolist()))
    read, vectors = vectors_of_notes(theirs.with_columns(whole="text"), model / SPACE)
    similarity = np.round((vectors @ vector[0]).astype(np.float64), 6)
    ranked = read.with_columns(text="whole", similarity=pl.Series(similarity)).drop("whole")
    return ranked.sort("similarity", "note_id", descending=[True, False]).head(k)
