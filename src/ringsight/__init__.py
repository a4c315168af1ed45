"""ringsight finds fraud rings: many accounts run by one hand.

    import ringsight

    run = ringsight.run("bank", "out/mine")
    run.results.rings.filter("flagged")

What is offered here is listed in `__all__` and described in docs/library.md. It is imported when it is first asked for,
so that `import ringsight` costs nothing. The rooms behind it, from the lowest; each imports only what stands before it:

    records     a bank's folder, or its data frames, become a `Bank`; bad rows go to quarantine with a reason
    encoders    transactions, notes and ID images become one embedding each per customer
    fusion      the embeddings meet in one joint space
    vectors     embeddings are stored and searched (Milvus, or an exact twin in memory)
    graph       neighbours and shared entities become links, weighed in bits of evidence
    detection   clusters of links are held against chance worlds and flagged at a false-discovery rate
    explain     a ledger for each ring, to the single record
    evaluation  a detection held against the truth
    runs        a run and its folder
    report      what a person opens without signing in
    cases       the case book: what analysts decide
    online      one customer at a time, and the live graph
    arrivals    who came by day: the log of what was acknowledged
    pipeline    read, train, embed, index, detect, explain: the whole way as functions
    web         the analysts' pages
    service     the live graph over HTTP
    jobs        the commands
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ringsight import progress, testing
    from ringsight.detection.results import Results
    from ringsight.detection.settings import DetectConfig
    from ringsight.encoders.settings import IdImagesConfig, NotesConfig, TrainerConfig, TransactionsConfig
    from ringsight.errors import DataError, ModelError, RingsightError, SettingsError, StoreError
    from ringsight.evaluation.measures import Evaluation
    from ringsight.fusion.settings import FusionConfig, ModelConfig
    from ringsight.online.asking import similar
    from ringsight.online.client import Client, ServiceError
    from ringsight.online.similar import SimilarCustomers
    from ringsight.pipeline.check import BankCheck, check_bank
    from ringsight.pipeline.detect import detect
    from ringsight.pipeline.embed import embed
    from ringsight.pipeline.evaluate import evaluate
    from ringsight.pipeline.index import index
    from ringsight.pipeline.read import read_bank, read_frames
    from ringsight.pipeline.run import run
    from ringsight.pipeline.settings import RunConfig
    from ringsight.pipeline.train import train
    from ringsight.records.bank import Bank, BankConfig, ColumnRole, ValueKind
    from ringsight.records.dialect import Dialect
    from ringsight.records.embeddings import Embeddings
    from ringsight.records.synthetic import SyntheticBankConfig, generate_bank
    from ringsight.report.figures import (
        calibration_figure,
        link_graph_figure,
        map_figure,
        null_figure,
        waterfall_figure,
    )
    from ringsight.runs.run import Run, open_run
    from ringsight.vectors.opening import open_store
    from ringsight.vectors.vector_store import StoreConfig, VectorStore

__version__ = "0.1.0"

__all__ = [
    "Bank",
    "BankCheck",
    "BankConfig",
    "Client",
    "ColumnRole",
    "DataError",
    "DetectConfig",
    "Dialect",
    "Embeddings",
    "Evaluation",
    "FusionConfig",
    "IdImagesConfig",
    "ModelConfig",
    "ModelError",
    "NotesConfig",
    "Results",
    "RingsightError",
    "Run",
    "RunConfig",
    "ServiceError",
    "SettingsError",
    "SimilarCustomers",
    "StoreConfig",
    "StoreError",
    "SyntheticBankConfig",
    "TrainerConfig",
    "TransactionsConfig",
    "ValueKind",
    "VectorStore",
    "calibration_figure",
    "check_bank",
    "detect",
    "embed",
    "evaluate",
    "generate_bank",
    "index",
    "link_graph_figure",
    "map_figure",
    "null_figure",
    "open_run",
    "open_store",
    "progress",
    "read_bank",
    "read_frames",
    "run",
    "similar",
    "testing",
    "train",
    "waterfall_figure",
]

_HOMES = {
    "ringsight.detection.results": ("Results",),
    "ringsight.detection.settings": ("DetectConfig",),
    "ringsight.encoders.settings": ("IdImagesConfig", "NotesConfig", "TrainerConfig", "TransactionsConfig"),
    "ringsight.errors": ("DataError", "ModelError", "RingsightError", "SettingsError", "StoreError"),
    "ringsight.evaluation.measures": ("Evaluation",),
    "ringsight.fusion.settings": ("FusionConfig", "ModelConfig"),
    "ringsight.online.asking": ("similar",),
    "ringsight.online.client": ("Client", "ServiceError"),
    "ringsight.online.similar": ("SimilarCustomers",),
    "ringsight.pipeline.check": ("BankCheck", "check_bank"),
    "ringsight.pipeline.detect": ("detect",),
    "ringsight.pipeline.embed": ("embed",),
    "ringsight.pipeline.evaluate": ("evaluate",),
    "ringsight.pipeline.index": ("index",),
    "ringsight.pipeline.read": ("read_bank", "read_frames"),
    "ringsight.pipeline.run": ("run",),
    "ringsight.pipeline.settings": ("RunConfig",),
    "ringsight.pipeline.train": ("train",),
    "ringsight.records.bank": ("Bank", "BankConfig", "ColumnRole", "ValueKind"),
    "ringsight.records.dialect": ("Dialect",),
    "ringsight.records.embeddings": ("Embeddings",),
    "ringsight.records.synthetic": ("SyntheticBankConfig", "generate_bank"),
    "ringsight.report.figures": (
        "calibration_figure",
        "link_graph_figure",
        "map_figure",
        "null_figure",
        "waterfall_figure",
    ),
    "ringsight.runs.run": ("Run", "open_run"),
    "ringsight.vectors.opening": ("open_store",),
    "ringsight.vectors.vector_store": ("StoreConfig", "VectorStore"),
}
"""Module -> what is offered of it; the same as is imported above for type checkers."""
_HOME = {name: module for module, names in _HOMES.items() for name in names}


def __getattr__(name: str) -> object:
    """Import what is asked for."""
    if name in ("progress", "testing"):
        return import_module(f"ringsight.{name}")
    if name not in _HOME:
        raise AttributeError(f"module 'ringsight' has no attribute {name!r}")
    offered: object = getattr(import_module(_HOME[name]), name)
    globals()[name] = offered
    return offered


def __dir__() -> list[str]:
    """What is offered, for completion."""
    return [*__all__, "__version__"]
