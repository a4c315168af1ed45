"""A fourth modality, as somebody who needs one would add it: a table, an encoder, and a bank that has it."""

import hashlib
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
import polars as pl
import torch
from numpy.typing import NDArray
from tiny_bank import tiny_bank

from ringsight.encoders.card import card
from ringsight.encoders.fitting import require_customers
from ringsight.encoders.note_vectors import unit
from ringsight.encoders.part import Part, write_part
from ringsight.encoders.registered import Encoder
from ringsight.encoders.settings import TrainerConfig
from ringsight.records.bank import Bank
from ringsight.records.contract import RecordTable, Values, Views
from ringsight.records.embeddings import Embeddings

WEB_SESSIONS = RecordTable(
    "web_sessions",
    {"session_id": Values.key, "customer_id": Values.owner, "timestamp": Values.time, "page": Values.text},
    {},
    ("customer_id", "timestamp", "session_id"),
    "web_sessions",
    Views.alternate,
)
START = datetime(2024, 1, 1)


@dataclass(kw_only=True, slots=True)
class WebSessionsConfig:
    dim: int = 16
    """Buckets that pages are hashed into."""


def train_web_sessions(
    bank: Bank, config: WebSessionsConfig, trainer: TrainerConfig, seed: int, into: Path
) -> dict[str, float]:
    """Weigh pages by their rarity; a share of the weights is drawn at random, as if it had been learned."""
    ids, bags = _bags(bank, config.dim)
    require_customers(len(ids), "web_sessions")
    rarity = np.log((len(ids) + 1) / ((bags > 0).sum(axis=0) + 1)) + 1
    learned = torch.from_numpy(1 + 0.01 * np.random.default_rng(seed).random(config.dim))
    metrics = {"validation_loss": float(rarity.mean())}
    write_part(
        into,
        kind="web_sessions",
        weights={"learned": learned},
        preprocessing={"web_sessions.rarity": rarity, "web_activity.usual": bags.sum(axis=1).mean(keepdims=True)},
        settings=asdict(config),
        metrics=metrics,
        card=card("web_sessions", bank, asdict(config), metrics, "Pages that a customer opens."),
    )
    return metrics


def embed_web_sessions(bank: Bank, part: Path) -> tuple[Embeddings, ...]:
    """The learned space: pages, hashed and weighed. A facet: how many pages a customer opens."""
    trained = Part.read(part, "web_sessions")
    ids, bags = _bags(bank, trained.settings["dim"])
    weighed = unit(bags * trained.fitted("web_sessions")["rarity"] * trained.weights["learned"].numpy())
    usual = trained.fitted("web_activity")["usual"]
    activity = unit(np.stack([bags.sum(axis=1), np.repeat(usual, len(bags))], axis=1))
    return (
        Embeddings("web_sessions", ids, weighed, trained.hash, bank.data_hash),
        Embeddings("web_activity", ids, activity, trained.hash, bank.data_hash, "web_sessions"),
    )


ENCODER = Encoder("web_sessions", WebSessionsConfig, train_web_sessions, embed_web_sessions)


def bank_with_sessions(folder: Path, customers: int = 24, seed: int = 0, alike: bool = False) -> Bank:
    """The tiny bank, and six pages of every customer but a sixth; arguments as of `tiny_bank`."""
    bank = tiny_bank(folder, customers, seed, alike)
    rows = []
    for number, name in enumerate(bank.customer_ids.tolist()):
        pages = np.random.default_rng([seed, 1, 0 if alike else number]).integers(30, size=6)
        for visit, page in enumerate(pages if alike or number % 6 != 2 else []):
            moment = START + timedelta(hours=visit)
            rows.append((f"{name}-{visit}", name, moment, f"/page/{page}"))
    sessions = pl.DataFrame(rows, schema=list(WEB_SESSIONS.required), orient="row")
    digest = hashlib.sha256(f"{bank.data_hash} {sessions.write_json()}".encode()).hexdigest()
    return replace(bank, records={**bank.records, "web_sessions": sessions}, data_hash=digest)


def _bags(bank: Bank, dim: int) -> tuple[NDArray[np.str_], NDArray[np.float64]]:
    sessions = bank.table("web_sessions")
    ids, row = np.unique(sessions["customer_id"].to_numpy().astype(np.str_), return_inverse=True)
    bucket = [hashlib.blake2b(page.encode()).digest()[0] % dim for page in sessions["page"]]
    bags = np.zeros((len(ids), dim))
    np.add.at(bags, (row, bucket), 1)
    return ids, bags
