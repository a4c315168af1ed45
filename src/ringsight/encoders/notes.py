"""Call notes: what a customer says -> one learned embedding of the meaning, and a facet of the wording.

A BERT encoder (Devlin et al. 2019; by default MiniLM-L6, Wang et al. 2020) with mean pooling, tuned on the bank's
own notes by putting two crops of one note together (Izacard et al. 2022) and kept only where that helps on notes
held out. An agent's habitual wording is not the customer's: each agent's mean is taken off. What is left is
whitened, and a customer's notes are averaged.

Shapes: tokens (notes, length) -> note vectors (notes, hidden) -> customer embeddings (customers, dim).
"""

import json
import os
from collections.abc import Sequence
from dataclasses import asdict, replace
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl
import torch
from jaxtyping import Float, Int
from numpy.typing import NDArray
from pytorch_lightning import LightningModule
from safetensors import SafetensorError
from tokenizers import Tokenizer
from torch import Tensor, nn
from torch.nn.functional import normalize
from torch.utils.data import DataLoader

from ringsight import progress
from ringsight.encoders.boilerplate import Boilerplate, fit_boilerplate
from ringsight.encoders.card import card
from ringsight.encoders.facets import facet, summed, unit_or_zero
from ringsight.encoders.fitting import (
    MONITORED,
    Fitted,
    FittingPlan,
    fingerprint,
    fit,
    held_out,
    info_nce,
    require_customers,
    seed_all,
    settings_of,
    trainer_settings,
)
from ringsight.encoders.kept_vectors import KeptVectors, weights_hash
from ringsight.encoders.note_base import base_folder
from ringsight.encoders.note_tokens import CropPairs, Crops, padded, stacked, windows_of
from ringsight.encoders.note_vectors import NoteSpace, fit_space, pool, whole_notes
from ringsight.encoders.part import Part, write_part
from ringsight.encoders.settings import FEWEST_CUSTOMERS, NotesConfig, TrainerConfig
from ringsight.encoders.wording import Wording, fit_wording
from ringsight.errors import ModelError, SettingsError
from ringsight.records.bank import Bank
from ringsight.records.embeddings import Embeddings

if TYPE_CHECKING:
    from transformers import PreTrainedModel

os.environ.setdefault("HF_HUB_OFFLINE", "1")

BATCH = 64
_KEPT = KeptVectors()


class NoteEncoder(nn.Module):
    """Tokens -> one vector of length 1 for each note."""

    def __init__(self, bert: "PreTrainedModel") -> None:
        super().__init__()
        self.bert = bert

    def forward(
        self, tokens: Int[Tensor, "notes length"], mask: Int[Tensor, "notes length"]
    ) -> Float[Tensor, "notes hidden"]:
        """Average the last layer over a note's own tokens."""
        states = self.bert(input_ids=tokens, attention_mask=mask).last_hidden_state
        weight = mask.unsqueeze(-1).to(states.dtype)
        return normalize((states * weight).sum(dim=1) / weight.sum(dim=1).clamp(min=1), dim=-1)


class NotesTask(LightningModule):
    """Tell two crops of one note from the crops of others."""

    def __init__(self, encoder: NoteEncoder, trained_layers: int, temperature: float, learning_rate: float) -> None:
        super().__init__()
        self.save_hyperparameters(ignore=["encoder"])
        self.encoder = encoder
        self.temperature = temperature
        self.learning_rate = learning_rate
        encoder.requires_grad_(False)
        for layer in list(encoder.bert.encoder.layer)[-trained_layers:] if trained_layers else []:
            layer.requires_grad_(True)

    def _step(self, batch: Sequence[Tensor], stage: str) -> Tensor:
        first, second = self.encoder(*batch[:2]), self.encoder(*batch[2:])
        loss = info_nce(first, second, self.temperature)
        self.log(f"{stage}_loss", loss, on_epoch=True, on_step=False, batch_size=len(first))
        return loss

    def training_step(self, batch: Sequence[Tensor]) -> Tensor:
        """Learn from one batch of crop pairs: tokens and mask of each crop."""
        return self._step(batch, "training")

    def validation_step(self, batch: Sequence[Tensor]) -> Tensor:
        """Measure on notes held out."""
        return self._step(batch, "validation")

    def configure_optimizers(self) -> torch.optim.Optimizer:
        """AdamW on the layers that are tuned."""
        tuned = [parameter for parameter in self.parameters() if parameter.requires_grad]
        return torch.optim.AdamW(tuned, lr=self.learning_rate)


def train_notes(bank: Bank, config: NotesConfig, trainer: TrainerConfig, seed: int, into: Path) -> dict[str, float]:
    """Tune the note encoder on a bank's notes and write its part.

    Args:
        bank: to learn from.
        config: of the encoder.
        trainer: of the training.
        seed: of every draw.
        into: the part's folder.

    Returns:
        Metrics on notes held out; `tuned` is 1 if tuning helped there and was kept.

    Raises:
        DataError: if too few customers have notes.
        ModelError: if the base cannot be read.
        SettingsError: if notes are to be longer than the base can read.
    """
    require_customers(bank.notes["customer_id"].n_unique(), "notes")
    generator = seed_all(seed)
    bert, tokenizer = _base(config)
    encoder = NoteEncoder(bert)
    settings = settings_of(config) | trainer_settings(trainer)
    fitted = Fitted({}, "")
    boilerplate = fit_boilerplate(tokenizer, bank.notes)
    notes = _said(bank.notes, boilerplate, tokenizer)
    if notes["customer_id"].n_unique() < FEWEST_CUSTOMERS:  # all say the same, and that is what there is to read
        boilerplate, notes = Boilerplate(boilerplate.grams[:0]), bank.notes
    if config.trained_layers:
        fitted = _tune(encoder, tokenizer, bank.with_records(notes=notes), config, trainer, (seed, into, generator))
    vectors = _note_vectors(encoder, tokenizer, notes["text"].to_list(), (config.longest, config.windows))
    space, wording = fit_space(vectors, notes, config.dim), fit_wording(notes, config.facet_dim)
    write_part(
        into,
        kind="notes",
        weights=encoder.bert.state_dict(),
        preprocessing=space.arrays() | wording.arrays() | boilerplate.arrays(),
        settings=settings
        | {"agents": space.agents, "bert": json.loads(bert.config.to_json_string()), "tokenizer": tokenizer.to_str()},
        metrics=fitted.metrics,
        card=card("notes", bank, settings, fitted.metrics, _CARD),
        curve=fitted.curve,
    )
    return fitted.metrics


def embed_notes(bank: Bank, part: Path) -> tuple[Embeddings, ...]:
    """Embed every customer who has notes; the notes of one customer are averaged.

    What is common to all notes is cut out first; a note of which nothing is left says nothing.

    Returns:
        The learned space, and the facet `wording`.

    Raises:
        ModelError: if the part is missing, damaged or of a former version.
    """
    trained = Part.read(part, "notes")
    return embed_read(*read_notes(bank.notes, trained), trained, bank.data_hash)


def read_notes(notes: pl.DataFrame, trained: Part) -> tuple[pl.DataFrame, NDArray[np.float32]]:
    """Read notes one by one: those that say something, with what they say as `text`, and a vector of each.

    Args:
        notes: with the column `text`.
        trained: the part of notes.
    """
    encoder, tokenizer = _reading(trained)
    said = _said(notes, Boilerplate.of(trained), tokenizer)
    reach = trained.settings["longest"], trained.settings.get("windows", 1)  # a former version read one
    return said, _note_vectors(encoder, tokenizer, said["text"].to_list(), reach, _weights_of(trained))


def embed_read(
    said: pl.DataFrame, vectors: NDArray[np.float32], trained: Part, data_hash: str
) -> tuple[Embeddings, ...]:
    """Embed customers whose notes were read already, as `read_notes` gives them; as `embed_notes`."""
    ids, pooled = pool(NoteSpace.of(trained).apply(vectors, said), said)
    learned = Embeddings("notes", ids, pooled, trained.hash, data_hash)
    worded = summed(unit_or_zero(Wording.of(trained).apply(said)), said)
    return learned, facet("wording", *worded, trained, data_hash)


def vectors_of_notes(notes: pl.DataFrame, part: Path) -> tuple[pl.DataFrame, NDArray[np.float32]]:
    """Read notes one by one, where `embed_notes` averages those of a customer.

    Args:
        notes: with `text` and, where it is told, `agent_id`; further columns are kept.
        part: folder of the trained part.

    Returns:
        The notes that say something, without what is common to all, and the vector of each in the learned space: rows
        of length 1, shape (notes, dim).

    Raises:
        ModelError: if the part is missing, damaged or of a former version.
    """
    trained = Part.read(part, "notes")
    said, vectors = read_notes(notes, trained)
    return said, NoteSpace.of(trained).apply(vectors, said)


def _reading(trained: Part) -> tuple[NoteEncoder, Tokenizer]:
    """The encoder of a part, and its tokenizer."""
    from transformers import AutoConfig, AutoModel

    settings = dict(trained.settings["bert"])
    bert = AutoModel.from_config(AutoConfig.for_model(settings.pop("model_type"), **settings), add_pooling_layer=False)
    bert.load_state_dict(dict(trained.weights))
    return NoteEncoder(bert.eval()), Tokenizer.from_str(trained.settings["tokenizer"])


@lru_cache(maxsize=2)
def _weights_of(trained: Part) -> str:
    """Hash of a part's weights, as the encoder made of it has it."""
    return weights_hash(_reading(trained)[0].bert.state_dict())


def _tune(
    encoder: NoteEncoder,
    tokenizer: Tokenizer,
    bank: Bank,
    config: NotesConfig,
    trainer: TrainerConfig,
    run: tuple[int, Path, torch.Generator],
) -> Fitted:
    """Tune in place; go back to the base unless that helped on customers held out."""
    seed, into, generator = run
    customers = bank.notes["customer_id"].unique().sort()
    _, held = held_out(len(customers), trainer, seed)
    is_held = bank.notes["customer_id"].is_in(customers.gather(held).implode())
    rng = np.random.default_rng(seed)
    learned = _sample(bank.notes.filter(~is_held)["text"].to_list(), config.sampled_notes, rng)
    tested = _sample(bank.notes.filter(is_held)["text"].to_list(), config.sampled_notes // 3, rng)
    crops = Crops(tokenizer, config.longest, rng)
    validation = DataLoader(CropPairs(tested, crops), batch_size=config.batch, collate_fn=stacked)
    task = NotesTask(encoder, config.trained_layers, config.temperature, config.learning_rate)
    before = {name: tensor.clone() for name, tensor in encoder.state_dict().items()}
    baseline = _loss(task, validation)
    fitted = fit(
        FittingPlan(
            task=task,
            training=DataLoader(
                CropPairs(learned, crops),
                batch_size=config.batch,
                shuffle=True,
                generator=generator,
                collate_fn=stacked,
                drop_last=len(learned) > config.batch,
            ),
            validation=validation,
            epochs=config.epochs,
            into=into,
            fingerprint=fingerprint(asdict(config) | asdict(trainer), bank.data_hash, seed),
        ),
        trainer,
    )
    helped = fitted.metrics[MONITORED] < baseline
    if not helped:
        encoder.load_state_dict(before)
    metrics = fitted.metrics | {"validation_loss_of_base": baseline, "tuned": float(helped)}
    return replace(fitted, metrics=metrics)


def _loss(task: NotesTask, loader: "DataLoader[Any]") -> float:
    task.eval()
    with torch.inference_mode():
        losses = [
            (float(info_nce(task.encoder(*batch[:2]), task.encoder(*batch[2:]), task.temperature)), len(batch[0]))
            for batch in loader
        ]
    return float(np.average([loss for loss, _ in losses], weights=[notes for _, notes in losses]))


def _sample(texts: list[str], count: int, rng: np.random.Generator) -> list[str]:
    chosen = np.sort(rng.permutation(len(texts))[: max(count, 2)])
    return [texts[i] for i in chosen]


def _said(notes: pl.DataFrame, boilerplate: Boilerplate, tokenizer: Tokenizer) -> pl.DataFrame:
    """The notes that say something, without what is common to all."""
    texts = boilerplate.cut_from(tokenizer, notes["text"].to_list())
    return notes.with_columns(text=pl.Series(texts, dtype=pl.String)).filter(pl.col("text") != "")


def _note_vectors(
    encoder: NoteEncoder, tokenizer: Tokenizer, texts: list[str], reach: tuple[int, int], weights: str = ""
) -> NDArray[np.float32]:
    """Encode notes whole, window by window, each window once; in batches of like length.

    Args:
        encoder: of windows.
        tokenizer: of the encoder.
        texts: of the notes.
        reach: tokens of a window, windows of a note.
        weights: hash of the encoder's, where it is known.

    Returns:
        The mean of each note's windows, weighed by their tokens and brought to length 1; shape (notes, hidden).
    """
    encoder.eval()
    windows = windows_of(tokenizer, texts, *reach)
    tokens = windows.tokens

    def read(numbers: list[int]) -> NDArray[np.float32]:
        order = sorted(range(len(numbers)), key=lambda place: (len(tokens[numbers[place]]), place))
        batches = [order[start : start + BATCH] for start in range(0, len(order), BATCH)]
        vectors = np.zeros((len(numbers), encoder.bert.config.hidden_size), dtype=np.float32)
        with torch.inference_mode():
            for batch in progress.steps(batches, "reading notes"):
                vectors[batch] = encoder(*padded([tokens[numbers[place]] for place in batch])).numpy()
        return vectors

    vectors = _KEPT.of(weights or weights_hash(encoder.bert.state_dict()), tokens, read)
    return whole_notes(vectors, windows, len(texts))


def _base(config: NotesConfig) -> tuple["PreTrainedModel", Tokenizer]:
    from transformers import AutoModel, logging

    logging.set_verbosity_error()
    logging.disable_progress_bar()
    folder = base_folder(config)
    try:
        bert = AutoModel.from_pretrained(folder, local_files_only=True, use_safetensors=True, add_pooling_layer=False)
    except (OSError, TypeError, ValueError, SafetensorError) as error:
        raise ModelError(f"cannot be read as a BERT: {error}", where=str(folder)) from error
    readable = bert.config.max_position_embeddings
    if config.longest > readable:
        raise SettingsError(
            f"notes.longest is {config.longest}, but the BERT reads {readable} tokens", where=str(folder)
        )
    return bert.eval(), Tokenizer.from_file(str(folder / "tokenizer.json"))


_CARD = """
Base: MiniLM-L6 fine-tuned on English sentence pairs (sentence-transformers/all-MiniLM-L6-v2, Apache-2.0) unless
another was named. English works best; in other languages it sees little more than shared words. Notes hold what
people say in confidence: embeddings are personal data too, and can be erased with the customer.
"""
