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
    peers       what customers like one buy, and what one does that they do not
    experiments A/B tests: assignment, exposures and outcomes, and the report
    arrivals    who came by day: the log of what was acknowledged
    drift       a night held against a reference, and the audit of the space
    assistant   what a bank's own language model may read of a run
    tracking    what a run was made of and came to, for comparing it with others
    spark       the other engine: embedding and chance worlds over several machines
    pipeline    read, train, embed, index, detect, explain: the whole way as functions
    web         the analysts' pages
    service     the live graph and the peers over HTTP
    jobs        the commands
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ringsight import progress, testing
    from ringsight.assistant.reader import Assistant
    from ringsight.detection.results import Results
    from ringsight.detection.settings import DetectConfig
    from ringsight.drift.settings import WatchConfig
    from ringsight.drift.watch import watch
    from ringsight.drift.watch_figures import shift_figure, watch_map_figure
    from ringsight.drift.watched import Watched
    from ringsight.encoders.settings import IdImagesConfig, NotesConfig, TrainerConfig, TransactionsConfig
    from ringsight.errors import DataError, ModelError, RingsightError, SettingsError, StoreError
    from ringsight.evaluation.measures import Evaluation
    from ringsight.experiments.assignment import arm_of, check_layers
    from ringsight.experiments.estimates import units_needed
    from ringsight.experiments.experiment_log import ExperimentLog
    from ringsight.experiments.experiment_report import ExperimentReport, experiment_report
    from ringsight.experiments.lift_picture import lift_figure
    from ringsight.experiments.settings import ExperimentConfig, ReportConfig
    from ringsight.fusion.settings import FusionConfig, ModelConfig
    from ringsight.online.asking import similar
    from ringsight.online.client import Client, ServiceError
    from ringsight.online.similar import SimilarCustomers
    from ringsight.peers.blending import choose_weights
    from ringsight.peers.histories import PurchaseHistories, purchase_histories
    from ringsight.peers.peer_items import PeerItems, UnlikeItems
    from ringsight.peers.peer_model import PeerModel, fit_peers
    from ringsight.peers.settings import BlendWeights, PeersConfig
    from ringsight.pipeline.challenge import Challenge, challenge, promote_challenger, roll_back_champion
    from ringsight.pipeline.check import BankCheck, check_bank
    from ringsight.pipeline.detect import detect
    from ringsight.pipeline.embed import embed
    from ringsight.pipeline.evaluate import evaluate
    from ringsight.pipeline.index import index
    from ringsight.pipeline.model_figures import ChallengeConfig
    from ringsight.pipeline.read import read_bank, read_frames
    from ringsight.pipeline.rerun import Rerun, rerun
    from ringsight.pipeline.run import run
    from ringsight.pipeline.score import ScoreConfig, ScoredNight, score
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
    from ringsight.tracking.track import Tracked, track
    from ringsight.vectors.opening import open_store
    from ringsight.vectors.vector_store import StoreConfig, VectorStore

__version__ = "0.1.0"

__all__ = [
    "Assistant",
    "Bank",
    "BankCheck",
    "BankConfig",
    "BlendWeights",
    "Challenge",
    "ChallengeConfig",
    "Client",
    "ColumnRole",
    "DataError",
    "DetectConfig",
    "Dialect",
    "Embeddings",
    "Evaluation",
    "ExperimentConfig",
    "ExperimentLog",
    "ExperimentReport",
    "FusionConfig",
    "IdImagesConfig",
    "ModelConfig",
    "ModelError",
    "NotesConfig",
    "PeerItems",
    "PeerModel",
    "PeersConfig",
    "PurchaseHistories",
    "ReportConfig",
    "Rerun",
    "Results",
    "RingsightError",
    "Run",
    "RunConfig",
    "ScoreConfig",
    "ScoredNight",
    "ServiceError",
    "SettingsError",
    "SimilarCustomers",
    "StoreConfig",
    "StoreError",
    "SyntheticBankConfig",
    "Tracked",
    "TrainerConfig",
    "TransactionsConfig",
    "UnlikeItems",
    "ValueKind",
    "VectorStore",
    "WatchConfig",
    "Watched",
    "arm_of",
    "calibration_figure",
    "challenge",
    "check_bank",
    "check_layers",
    "choose_weights",
    "detect",
    "embed",
    "evaluate",
    "experiment_report",
    "fit_peers",
    "generate_bank",
    "index",
    "lift_figure",
    "link_graph_figure",
    "map_figure",
    "null_figure",
    "open_run",
    "open_store",
    "progress",
    "promote_challenger",
    "purchase_histories",
    "read_bank",
    "read_frames",
    "rerun",
    "roll_back_champion",
    "run",
    "score",
    "shift_figure",
    "similar",
    "testing",
    "track",
    "train",
    "units_needed",
    "watch",
    "watch_map_figure",
    "waterfall_figure",
]

_HOMES = {
    "ringsight.assistant.reader": ("Assistant",),
    "ringsight.detection.results": ("Results",),
    "ringsight.detection.settings": ("DetectConfig",),
    "ringsight.drift.settings": ("WatchConfig",),
    "ringsight.drift.watch": ("watch",),
    "ringsight.drift.watch_figures": ("shift_figure", "watch_map_figure"),
    "ringsight.drift.watched": ("Watched",),
    "ringsight.encoders.settings": ("IdImagesConfig", "NotesConfig", "TrainerConfig", "TransactionsConfig"),
    "ringsight.errors": ("DataError", "ModelError", "RingsightError", "SettingsError", "StoreError"),
    "ringsight.evaluation.measures": ("Evaluation",),
    "ringsight.experiments.assignment": ("arm_of", "check_layers"),
    "ringsight.experiments.estimates": ("units_needed",),
    "ringsight.experiments.experiment_log": ("ExperimentLog",),
    "ringsight.experiments.experiment_report": ("ExperimentReport", "experiment_report"),
    "ringsight.experiments.lift_picture": ("lift_figure",),
    "ringsight.experiments.settings": ("ExperimentConfig", "ReportConfig"),
    "ringsight.fusion.settings": ("FusionConfig", "ModelConfig"),
    "ringsight.online.asking": ("similar",),
    "ringsight.online.client": ("Client", "ServiceError"),
    "ringsight.online.similar": ("SimilarCustomers",),
    "ringsight.peers.blending": ("choose_weights",),
    "ringsight.peers.histories": ("PurchaseHistories", "purchase_histories"),
    "ringsight.peers.peer_items": ("PeerItems", "UnlikeItems"),
    "ringsight.peers.peer_model": ("PeerModel", "fit_peers"),
    "ringsight.peers.settings": ("BlendWeights", "PeersConfig"),
    "ringsight.pipeline.challenge": ("Challenge", "challenge", "promote_challenger", "roll_back_champion"),
    "ringsight.pipeline.check": ("BankCheck", "check_bank"),
    "ringsight.pipeline.detect": ("detect",),
    "ringsight.pipeline.embed": ("embed",),
    "ringsight.pipeline.evaluate": ("evaluate",),
    "ringsight.pipeline.index": ("index",),
    "ringsight.pipeline.model_figures": ("ChallengeConfig",),
    "ringsight.pipeline.read": ("read_bank", "read_frames"),
    "ringsight.pipeline.rerun": ("Rerun", "rerun"),
    "ringsight.pipeline.run": ("run",),
    "ringsight.pipeline.score": ("ScoreConfig", "ScoredNight", "score"),
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
    "ringsight.tracking.track": ("Tracked", "track"),
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
