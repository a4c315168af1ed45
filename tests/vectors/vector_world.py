"""Small worlds of vectors."""

from datetime import datetime, timedelta

import numpy as np
import polars as pl

from ringsight.records.embeddings import Embeddings

OLD, NEW = "a" * 64, "b" * 64


def make_embeddings(n: int, dim: int = 16, *, seed: int = 0, space: str = "notes", model: str = OLD) -> Embeddings:
    """Vectors in loose clusters."""
    rng = np.random.default_rng(seed)
    centres = rng.normal(size=(max(n // 50, 1), dim))
    vectors = centres[rng.integers(len(centres), size=n)] + 0.7 * rng.normal(size=(n, dim))
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    ids = np.array([f"c{i:05d}" for i in range(n)], dtype=np.str_)
    return Embeddings(space, ids, vectors.astype(np.float32), model, f"data{seed}")


def some(embeddings: Embeddings, rows: slice | list[int]) -> Embeddings:
    """Some rows, in order."""
    return Embeddings(
        embeddings.space,
        embeddings.customer_ids[rows],
        embeddings.vectors[rows],
        embeddings.model_hash,
        embeddings.data_hash,
    )


NASTY = ['re"tail', "priv'ate", "back\\slash", 'x" or "1" in ["1', "Zürich ✓", "per % cent_"]


def make_scalars(embeddings: Embeddings) -> pl.DataFrame:
    """Segments with quotes in them, three regions, one account opened a day."""
    ids = embeddings.customer_ids.tolist()
    return pl.DataFrame(
        {
            "customer_id": ids,
            "segment": [NASTY[i % len(NASTY)] for i in range(len(ids))],
            "region": ["north", "south", None] * (len(ids) // 3) + ["north"] * (len(ids) % 3),
            "opened_at": [datetime(2020, 1, 1) + timedelta(days=i) for i in range(len(ids))],
        }
    )
