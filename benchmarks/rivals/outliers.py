"""Outliers among customers (PyOD), turned into rings by grouping the most outlying through the links they share."""

import numpy as np
from numpy.typing import NDArray

from ringsight.fusion.blocks import laid_out
from ringsight.graph.communities import communities
from ringsight.graph.sources import Rows
from rivals.traces import CHOSEN, SEED, Traces, ranked

SCALE = 15
"""Price at which outliers are grouped; links and price are those of late fusion."""


def isolation_forest(traces: Traces, top: float) -> list[Rows]:
    """Groups of the share `top` of customers whom an isolation forest parts from the rest most quickly."""
    from pyod.models.iforest import IForest

    model = IForest(random_state=SEED)
    model.fit(features(traces))
    return _grouped(traces, model.decision_scores_, top)


def autoencoder(traces: Traces, top: float) -> list[Rows]:
    """Groups of the share `top` of customers whom an autoencoder reconstructs worst."""
    from pyod.models.auto_encoder import AutoEncoder

    model = AutoEncoder(batch_size=min(32, traces.customers), random_state=SEED, verbose=0)
    model.fit(features(traces))
    return _grouped(traces, model.decision_scores_, top)


def features(traces: Traces) -> NDArray[np.float32]:
    """A customer as one row: all embeddings, zero where absent, who has which, and how many share its entities."""
    names = [trace.name for trace in traces.modalities]
    blocks = laid_out(traces.embeddings, names, traces.bank.customer_ids)
    sharers = [
        np.where(trace.present, np.bincount(trace.codes[trace.present])[trace.codes], 0) for trace in traces.entities
    ]
    columns = [*blocks.vectors, blocks.present, *(np.log1p(count)[:, None] for count in sharers)]
    return np.concatenate(columns, axis=1).astype(np.float32)


def _grouped(traces: Traces, score: NDArray[np.float64], top: float) -> list[Rows]:
    outlying = np.zeros(len(score), dtype=np.bool_)
    outlying[np.argsort(-score, kind="stable")[: round(top * len(score))]] = True
    links = traces.summed()
    kept = outlying[links.a] & outlying[links.b]
    pairs = links.a[kept], links.b[kept]
    groups = communities(pairs, links.bits[kept], traces.price(SCALE), CHOSEN.min_size, SEED)
    return ranked(groups, [float(score[members].mean()) for members in groups])
