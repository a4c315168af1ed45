"""A bank small enough to train on in a second, and a BERT of the same size; all by hand, all from a seed."""

import hashlib
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
import polars as pl
from PIL import Image, ImageDraw
from tokenizers import Tokenizer
from tokenizers.models import WordLevel
from tokenizers.pre_tokenizers import Whitespace
from tokenizers.processors import TemplateProcessing
from transformers import BertConfig, BertModel

from ringsight.encoders.fitting import seed_all
from ringsight.records.bank import Bank
from ringsight.records.contract import IMAGES, NOTES, TRANSACTIONS
from ringsight.records.table_reading import empty_table

WORDS = [
    f"{first}{second}" for first in ("pay", "card", "loan", "home", "fee") for second in ("a", "o", "i", "u", "en")
]
START = datetime(2024, 1, 1)
LACKING = {"transactions": 5, "notes": 4, "id_images": 3}
"""Customer i lacks the modality if i leaves this remainder by 6."""


def tiny_bank(folder: Path, customers: int = 24, seed: int = 0, alike: bool = False, images: int = 1) -> Bank:
    """Customers with shops, words and cards of their own; a sixth lacks each modality. `alike`: all do the same."""
    folder.mkdir(parents=True, exist_ok=True)
    transactions, notes, pictures = [], [], []
    for number in range(customers):
        own = np.random.default_rng([seed, 0 if alike else number])
        name = f"c{number:03}"
        has = {modality: alike or number % 6 != rest for modality, rest in LACKING.items()}
        if has["transactions"]:
            transactions += _transactions(name, "" if alike else name, own)
        if has["notes"]:
            notes += _notes(name, own)
        for image in range(images if has["id_images"] else 0):
            path = f"{name}-{image}.png"
            card(own).save(folder / path)
            pictures.append({"image_id": path, "customer_id": name, "path": path})
    return bank_of(folder, [f"c{number:03}" for number in range(customers)], transactions, notes, pictures)


def bank_of(
    folder: Path,
    customers: list[str],
    transactions: Sequence[Mapping[str, object]],
    notes: Sequence[Mapping[str, object]],
    pictures: Sequence[Mapping[str, object]],
) -> Bank:
    """A bank of these records, in the order of the data contract."""
    tables = {
        table.modality: pl.DataFrame(rows).sort([column for column in table.order if column in rows[0]])
        if rows
        else empty_table(table)
        for table, rows in ((TRANSACTIONS, transactions), (NOTES, notes), (IMAGES, pictures))
    }
    digest = hashlib.sha256("".join(table.write_json() for table in tables.values()).encode())
    for picture in pictures:
        digest.update((folder / str(picture["path"])).read_bytes())
    return Bank(
        path=folder,
        customers=pl.DataFrame({"customer_id": customers, "opened_at": [START] * len(customers)}).with_columns(
            stratum=pl.lit("all")
        ),
        records=tables,
        roles={},
        quarantine=pl.DataFrame(),
        data_hash=digest.hexdigest(),
    )


def only_customers(bank: Bank, customers: list[str]) -> Bank:
    """The same bank with the records of these customers alone."""
    mine = pl.col("customer_id").is_in(customers)
    return bank.with_records(**{modality: records.filter(mine) for modality, records in bank.records.items()})


def card(rng: np.random.Generator) -> Image.Image:
    """A card of 60 by 40 pixels on a table: a colour, a portrait, some stripes."""
    image = Image.new("RGB", (60, 40), tuple(int(c) for c in rng.integers(40, 220, 3)))
    draw = ImageDraw.Draw(image)
    draw.rectangle((4, 12, 18, 34), fill=tuple(int(c) for c in rng.integers(0, 255, 3)))
    for _ in range(5):
        x, y = int(rng.integers(26, 50)), int(rng.integers(2, 36))
        draw.rectangle((x, y, x + 8, y + 2), fill=tuple(int(c) for c in rng.integers(0, 255, 3)))
    return image


def tiny_bert(folder: Path) -> Path:
    """A random BERT of two layers in transformers' format, with a tokenizer of whole words."""
    special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]"]
    vocabulary = {word: number for number, word in enumerate([*special, *WORDS])}
    seed_all(0)
    bert = BertModel(
        BertConfig(
            vocab_size=len(vocabulary),
            hidden_size=32,
            num_hidden_layers=2,
            num_attention_heads=2,
            intermediate_size=64,
            max_position_embeddings=64,
        ),
        add_pooling_layer=False,
    )
    bert.save_pretrained(folder, safe_serialization=True)
    tokenizer = Tokenizer(WordLevel(vocabulary, unk_token="[UNK]"))  # noqa: S106 - not a password
    tokenizer.pre_tokenizer = Whitespace()
    tokenizer.post_processor = TemplateProcessing(single="[CLS] $A [SEP]", special_tokens=[("[CLS]", 2), ("[SEP]", 3)])
    tokenizer.save(str(folder / "tokenizer.json"))
    return folder


def _transactions(customer: str, shops: str, rng: np.random.Generator) -> list[dict[str, object]]:
    usual, hour = rng.uniform(3, 6), int(rng.integers(8, 20))
    return [
        {
            "transaction_id": f"{customer}-{number:02}",
            "customer_id": customer,
            "timestamp": START + timedelta(days=int(rng.integers(180)), hours=hour, minutes=int(rng.integers(60))),
            "amount": -float(np.round(np.exp(rng.normal(usual, 0.3)), 2)),
            "channel": str(rng.choice(["card", "online"])),
            "category": str(rng.choice(["food", "travel", "rent", "fun"])),
            "counterparty_id": f"shop-{shops}-{rng.integers(4)}",
        }
        for number in range(12)
    ]


def _notes(customer: str, rng: np.random.Generator) -> list[dict[str, object]]:
    words = rng.choice(WORDS, 6, replace=False)
    return [
        {
            "note_id": f"{customer}-{number}",
            "customer_id": customer,
            "timestamp": START + timedelta(days=number),
            "text": " ".join(rng.choice(words, 8)),
            "agent_id": f"agent-{rng.integers(3)}",
        }
        for number in range(2)
    ]
