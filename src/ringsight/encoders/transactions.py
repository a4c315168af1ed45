"""Transactions: a customer's amounts, rhythm and counterparties -> one learned embedding, and facets.

A denoising autoencoder (Vincent et al. 2008) whose code is also asked to put two thinned halves of one history
together (InfoNCE): the code is the embedding, the reconstruction error an extra figure.

Shapes: features (customers, features) -> code (customers, dim).
"""

from dataclasses import asdict
from functools import lru_cache
from pathlib import Path

import numpy as np
import polars as pl
import torch
from jaxtyping import Float
from numpy.typing import NDArray
from pytorch_lightning import LightningModule
from torch import Tensor, nn
from torch.nn.functional import normalize
from torch.utils.data import DataLoader, TensorDataset

from ringsight.encoders.card import card
from ringsight.encoders.facets import facet
from ringsight.encoders.fitting import (
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
from ringsight.encoders.part import Part, write_part
from ringsight.encoders.settings import TrainerConfig, TransactionsConfig
from ringsight.encoders.transaction_facets import Counts, TransactionFacets, count, fit_facets
from ringsight.encoders.transaction_features import FeatureScale, TransactionFeatures, fit_scale, transaction_features
from ringsight.records.bank import Bank
from ringsight.records.embeddings import Embeddings
from ringsight.records.views import split_views


class TransactionAutoencoder(nn.Module):
    """Features -> code -> features. The code is a linear map plus a correction learned by a small network."""

    def __init__(self, features: int, hidden: int, dim: int) -> None:
        super().__init__()
        self.linear = nn.Linear(features, dim, bias=False)
        self.correction = nn.Sequential(
            nn.Linear(features, hidden), nn.GELU(), nn.Linear(hidden, dim), nn.LayerNorm(dim)
        )
        self.strength = nn.Parameter(torch.full((1,), 0.1))
        self.decoder = nn.Sequential(nn.Linear(dim, hidden), nn.GELU(), nn.Linear(hidden, features))

    def encode(self, features: Float[Tensor, "customers features"]) -> Float[Tensor, "customers dim"]:
        """Codes of length 1."""
        linear = normalize(self.linear(features), dim=-1)
        return normalize(linear + self.strength * self.correction(features), dim=-1)

    def forward(self, features: Float[Tensor, "customers features"]) -> Float[Tensor, "customers features"]:
        """Reconstruct the features from their code."""
        reconstruction: Tensor = self.decoder(self.encode(features))
        return reconstruction


class TransactionsTask(LightningModule):
    """Reconstruct blanked features, and tell one customer's halves from another's."""

    def __init__(
        self,
        features: int,
        hidden: int,
        dim: int,
        noise: float,
        view_weight: float,
        temperature: float,
        learning_rate: float,
    ) -> None:
        super().__init__()
        self.save_hyperparameters()
        self.network = TransactionAutoencoder(features, hidden, dim)
        self.noise = noise
        self.view_weight = view_weight
        self.temperature = temperature
        self.learning_rate = learning_rate

    def _step(self, batch: list[Tensor], stage: str) -> Tensor:
        halves = batch[0]
        pick = torch.randint(halves.shape[1], (len(halves),)) if self.training else torch.zeros(len(halves)).long()
        first, second = halves[torch.arange(len(halves)), pick].unbind(dim=1)
        reconstruction = nn.functional.mse_loss(self.network(self._blank(first)), first)
        views = info_nce(self.network.encode(self._blank(first)), self.network.encode(second), self.temperature)
        loss = reconstruction + self.view_weight * views
        self.log_dict(
            {f"{stage}_loss": loss, f"{stage}_reconstruction": reconstruction, f"{stage}_views": views},
            on_epoch=True,
            on_step=False,
            batch_size=len(halves),
        )
        return loss

    def _blank(self, features: Tensor) -> Tensor:
        return features * (torch.rand_like(features) >= self.noise) if self.training else features

    def training_step(self, batch: list[Tensor]) -> Tensor:
        """Learn from one batch of pairs, shape (batch, pairs, 2, features)."""
        return self._step(batch, "training")

    def validation_step(self, batch: list[Tensor]) -> Tensor:
        """Measure on customers held out."""
        return self._step(batch, "validation")

    def configure_optimizers(self) -> torch.optim.Optimizer:
        """AdamW, without a schedule."""
        return torch.optim.AdamW(self.parameters(), lr=self.learning_rate, weight_decay=1e-2)


def train_transactions(
    bank: Bank, config: TransactionsConfig, trainer: TrainerConfig, seed: int, into: Path
) -> dict[str, float]:
    """Train the transaction autoencoder and write its part.

    Args:
        bank: to learn from.
        config: of the autoencoder.
        trainer: of the training.
        seed: of every draw.
        into: the part's folder.

    Returns:
        Metrics on customers held out.

    Raises:
        DataError: if too few customers have transactions.
    """
    whole = transaction_features(bank.transactions, config.counterparty_dim)
    require_customers(len(whole.customer_ids), "transactions")
    shuffler = seed_all(seed)
    scale = fit_scale(whole)
    facets = fit_facets(count(bank.transactions, whole), config.facet_dim)
    pairs = _thinned_pairs(bank, whole, scale, config, seed)
    learned, held = held_out(len(whole.customer_ids), trainer, seed)
    task = TransactionsTask(
        pairs.shape[-1],
        config.hidden,
        config.dim,
        config.noise,
        config.view_weight,
        config.temperature,
        config.learning_rate,
    )
    _start_from_principal_components(task.network.linear, scale.apply(whole))
    settings = settings_of(config) | trainer_settings(trainer)
    fitted = fit(
        FittingPlan(
            task=task,
            training=DataLoader(
                TensorDataset(pairs[learned]), batch_size=config.batch, shuffle=True, generator=shuffler
            ),
            validation=DataLoader(TensorDataset(pairs[held]), batch_size=config.batch),
            epochs=config.epochs,
            into=into,
            fingerprint=fingerprint(asdict(config) | asdict(trainer), bank.data_hash, seed),
        ),
        trainer,
    )
    write_part(
        into,
        kind="transactions",
        weights=task.network.state_dict(),
        preprocessing=scale.arrays() | facets.arrays(),
        settings=settings | {"vocabulary": scale.vocabulary},
        metrics=fitted.metrics,
        card=card("transactions", bank, settings, fitted.metrics, _CARD),
        curve=fitted.curve,
    )
    return fitted.metrics


def embed_transactions(bank: Bank, part: Path) -> tuple[Embeddings, ...]:
    """Embed every customer who has transactions.

    Returns:
        The learned space, and the facets `counterparties`, `amounts` (to the cent), `active_days` and `rhythm`.

    Raises:
        ModelError: if the part is missing, damaged or of a former version.
    """
    trained = Part.read(part, "transactions")
    measured = _features(bank, trained)
    return embed_measured(measured, count(bank.transactions, measured), trained, bank.data_hash)


def embed_measured(
    measured: TransactionFeatures, counts: Counts, trained: Part, data_hash: str
) -> tuple[Embeddings, ...]:
    """Embed customers whose transactions are measured and counted already; as `embed_transactions`."""
    features, ids = FeatureScale.of(trained).apply(measured), measured.customer_ids
    network = _network(trained)
    with torch.inference_mode():
        codes = [network.encode(chunk) for chunk in torch.split(torch.from_numpy(features), 8192)]
    vectors = torch.cat(codes).numpy() if codes else np.zeros((0, trained.settings["dim"]), np.float32)
    learned = Embeddings("transactions", ids, vectors.astype(np.float32), trained.hash, data_hash)
    facets = TransactionFacets.of(trained).apply(counts)
    return (learned, *(facet(name, ids, told, trained, data_hash) for name, told in facets.items()))


def reconstruction_error(bank: Bank, part: Path) -> tuple[NDArray[np.str_], NDArray[np.float32]]:
    """How badly the autoencoder redraws each customer's features: customer ids, and mean squared errors.

    High means unlike the customers it learned from: odd, which is not the same as ring-like.

    Raises:
        ModelError: if the part is missing or damaged.
    """
    trained = Part.read(part, "transactions")
    features = _features(bank, trained)
    given = torch.from_numpy(FeatureScale.of(trained).apply(features))
    with torch.inference_mode():
        errors = ((_network(trained)(given) - given) ** 2).mean(dim=1)
    return features.customer_ids, errors.numpy()


def _features(bank: Bank, trained: Part) -> TransactionFeatures:
    return transaction_features(bank.transactions, trained.settings["counterparty_dim"], trained.settings["vocabulary"])


@lru_cache(maxsize=2)
def _network(trained: Part) -> TransactionAutoencoder:
    features = trained.weights["linear.weight"].shape[1]
    network = TransactionAutoencoder(features, trained.settings["hidden"], trained.settings["dim"])
    network.load_state_dict(dict(trained.weights))
    return network.eval()


def _thinned_pairs(
    bank: Bank, whole: TransactionFeatures, scale: FeatureScale, config: TransactionsConfig, seed: int
) -> Tensor:
    """Pairs of halves, each with up to half of its transactions left out; shape (customers, pairs, 2, features).

    One hand shares its custom out among its accounts unevenly, so how much there is of it must not count.
    A customer of one transaction has the same half twice.
    """
    rng = np.random.default_rng(seed)
    halves = [view.transactions for view in split_views(bank)]
    pairs = []
    for _ in range(config.thinned_pairs):
        pair = []
        for half in halves:
            keep = rng.random(len(half)) >= 0.5 * rng.random(1)
            first_of_customer = half["customer_id"].is_first_distinct().to_numpy()
            features = transaction_features(
                half.filter(pl.Series(keep | first_of_customer)), config.counterparty_dim, scale.vocabulary
            )
            pair.append(scale.apply(features.for_customers(whole)))
        pairs.append(np.stack(pair, axis=1))
    return torch.from_numpy(np.stack(pairs, axis=1))


def _start_from_principal_components(linear: nn.Linear, features: NDArray[np.float32]) -> None:
    """Start the linear map where a linear autoencoder would end: at the leading principal directions."""
    _, _, directions = np.linalg.svd(features - features.mean(axis=0), full_matrices=False)
    leading = torch.from_numpy(directions[: linear.out_features].astype(np.float32))
    with torch.no_grad():
        linear.weight[: len(leading)] = leading


_CARD = """
It sees amounts, gaps, hours, weekdays, categories, channels and counterparties, each as shares of a customer's own
history. Its facets see one property each: counterparties, amounts to the cent, active days, and rhythm. It does not see
balances, names or any customer column. Customers of the same shops look alike: neighbours, households and colleagues do
so innocently.
"""
