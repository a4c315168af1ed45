"""The joint space: a customer's embeddings of all modalities -> one embedding.

Three ways, one interface. `joint` learns a contribution of each modality, of all its spaces, and adds them up, so that
two views of one customer land together and those of two customers apart (InfoNCE); a modality is left out at random
while learning. It starts as the principal components of all spaces side by side, once they are evened out (`evening`).
`early` and `late` know the learned space of each modality alone: `early` concatenates them and keeps the leading
principal components, `late` learns nothing: its inner product is the mean of the modalities' own.

Two views of one customer lack the same modalities, so learning pulls those together who lack one. A learned token
takes that up while learning, and is left out of the embedding: there, what is absent adds nothing, and what is
present is centred, so that no customers are alike on average for what they lack. Nor are they in the tail, where the
nearest neighbours are found: customers of whom less is known vary in fewer directions, and would come nearer to some
stranger by chance. So each set of modalities is whitened once more on all who have at least these, shown with these
alone, and strangers spread alike whatever they lack.

Shapes: for each modality its spaces side by side (customers, sum of their dims) and a mask (customers,) -> joint
(customers, dim).
"""

from collections.abc import Iterator, Sequence
from functools import lru_cache
from pathlib import Path

import torch
from jaxtyping import Bool, Float
from pytorch_lightning import LightningModule
from torch import Tensor, nn
from torch.nn.functional import normalize

from ringsight.encoders.part import Part
from ringsight.errors import ModelError
from ringsight.fusion.evening import Evening, weigh, whitening
from ringsight.fusion.taught_pairs import taught_info_nce

AGAIN = "train it again: `ringsight train encoder=joint again=true bank.path=FOLDER model=FOLDER`"
"""Remedy for a joint space that does not fit."""


class Contribution(nn.Module):
    """What one modality adds to the joint space: a gated projection of its spaces, evened out."""

    centre: Tensor

    def __init__(self, given: Sequence[int], dim: int) -> None:
        super().__init__()
        self.given = list(given)
        self.evenings = nn.ModuleList(Evening(length) for length in given)
        self.projection = nn.Linear(sum(given), dim)
        self.gate = nn.Linear(sum(given), 1)
        self.absent = nn.Parameter(torch.zeros(dim))
        self.register_buffer("centre", torch.zeros(dim))

    def forward(self, vectors: Float[Tensor, "customers given"]) -> Float[Tensor, "customers dim"]:
        """Contributions of customers who have the modality."""
        even = self.evened(vectors)
        gated: Tensor = torch.sigmoid(self.gate(even)) * self.projection(even)
        return gated

    def evened(self, vectors: Float[Tensor, "customers given"]) -> Float[Tensor, "customers given"]:
        """The modality's spaces side by side, each evened out."""
        spaces = torch.split(vectors, self.given, dim=-1)
        return torch.cat([evening(space) for evening, space in zip(self.evenings, spaces, strict=True)], dim=-1)

    def fit(self, vectors: Float[Tensor, "customers given"]) -> list[float]:
        """Even out each space by customers who have the modality; the spread of strangers in each."""
        spaces = torch.split(vectors, self.given, dim=-1)
        return [evening.fit(space) for evening, space in zip(self.each(), spaces, strict=True)]

    def each(self) -> list[Evening]:
        """The spaces."""
        return [evening for evening in self.evenings if isinstance(evening, Evening)]


class JointSpace(nn.Module):
    """Contributions of all modalities, added up."""

    whitening: Tensor

    def __init__(self, given: Sequence[Sequence[int]], dim: int) -> None:
        super().__init__()
        self.contributions = nn.ModuleList(Contribution(lengths, dim) for lengths in given)
        self.register_buffer("whitening", torch.eye(dim).repeat(2 ** len(given), 1, 1))

    def forward(
        self, vectors: list[Tensor], present: Bool[Tensor, "customers modalities"]
    ) -> Float[Tensor, "customers dim"]:
        """Vectors of length 1 to learn from: what is absent adds its token."""
        added = [
            torch.where(has, contribution(of_modality), contribution.absent)
            for contribution, of_modality, has in self._with_masks(vectors, present)
        ]
        return normalize(torch.stack(added).sum(dim=0), dim=-1)

    def embed(
        self, vectors: list[Tensor], present: Bool[Tensor, "customers modalities"]
    ) -> Float[Tensor, "customers dim"]:
        """Joint embeddings, not yet of length 1: what is absent adds nothing, what is present is spread evenly."""
        embedded = self._centred(vectors, present)
        of_set = (present * self._places()).sum(dim=1)
        for number in set(of_set.tolist()):
            rows = of_set == number
            embedded[rows] = embedded[rows] @ self.whitening[number]
        return embedded

    @torch.no_grad()
    def spread_evenly(self, vectors: list[Tensor], present: Bool[Tensor, "customers modalities"]) -> None:
        """Take each modality's centre from the customers given who have it, then whiten each set of modalities."""
        for contribution, of_modality, has in self._with_masks(vectors, present):
            contribution.centre.copy_((contribution(of_modality) * has).sum(dim=0) / has.sum().clamp(min=1))
        for number in range(1, len(self.whitening)):
            shown = (number & self._places()) > 0
            rows = present[:, shown].all(dim=1)
            centred = self._centred([of_modality[rows] for of_modality in vectors], shown.expand(int(rows.sum()), -1))
            self.whitening[number] = whitening(normalize(centred, dim=-1))

    def _centred(self, vectors: list[Tensor], present: Tensor) -> Tensor:
        """What is present, centred and added up."""
        added = [
            (contribution(of_modality) - contribution.centre) * has
            for contribution, of_modality, has in self._with_masks(vectors, present)
        ]
        return torch.stack(added).sum(dim=0)

    def _places(self) -> Tensor:
        """Of each modality, its place in the number of a set of modalities."""
        return 2 ** torch.arange(len(self.contributions), device=self.whitening.device)

    @torch.no_grad()
    def even_out(self, vectors: list[Tensor], present: Bool[Tensor, "customers modalities"]) -> list[Tensor]:
        """Even out each space by the customers given who have it; the modalities so, zero where one is absent."""
        masked = list(self._with_masks(vectors, present))
        spreads = [contribution.fit(of_modality[has.squeeze(-1)]) for contribution, of_modality, has in masked]
        weigh([contribution.each() for contribution in self._each()], spreads)
        return [contribution.evened(of_modality) * has for contribution, of_modality, has in masked]

    @torch.no_grad()
    def start_from(self, components: Float[Tensor, "all_given components"]) -> None:
        """Start as the projection of all spaces side by side on principal components, at most dim of them."""
        lengths = [contribution.projection.in_features for contribution in self._each()]
        for contribution, rows in zip(self._each(), torch.split(components, lengths), strict=True):
            nn.init.zeros_(contribution.gate.weight)
            nn.init.zeros_(contribution.gate.bias)
            nn.init.zeros_(contribution.projection.bias)
            contribution.projection.weight[: rows.shape[1]] = rows.T

    def _with_masks(self, vectors: list[Tensor], present: Tensor) -> Iterator[tuple[Contribution, Tensor, Tensor]]:
        return zip(self._each(), vectors, present.unsqueeze(-1).unbind(dim=1), strict=True)

    def _each(self) -> list[Contribution]:
        return [module for module in self.contributions if isinstance(module, Contribution)]


@lru_cache(maxsize=2)
def space_of(trained: Part, folder: Path) -> JointSpace:
    """The learned space of a part that was read from `folder`.

    Raises:
        ModelError: if it was written by a version whose joint space had other weights.
    """
    try:
        given = [
            [len(trained.weights[f"contributions.{place}.evenings.{space}.mean"]) for space in range(len(spaces))]
            for place, spaces in enumerate(trained.settings["spaces"])
        ]
        space = JointSpace(given, trained.settings["dim"])
        space.load_state_dict(dict(trained.weights))
    except (KeyError, RuntimeError) as error:  # both name the weights that are missing or of another shape
        raise ModelError(f"not the weights of a joint space: {error}", where=str(folder), remedy=AGAIN) from error
    return space.eval()


class JointTask(LightningModule):
    """Tell one hand's views from another's, with modalities left out at random."""

    def __init__(
        self,
        given: list[list[int]],
        dim: int,
        dropout: float,
        temperature: float,
        learning_rate: float,
        pair_weight: float,
    ) -> None:
        super().__init__()
        self.save_hyperparameters()
        self.space = JointSpace(given, dim)
        self.dropout = dropout
        self.temperature = temperature
        self.learning_rate = learning_rate
        self.pair_weight = pair_weight

    def _step(self, batch: list[Tensor], stage: str) -> Tensor:
        modalities = len(self.space.contributions)
        told, presents, vectors = batch[0], batch[1:3], batch[3:]
        first = self.space(vectors[:modalities], self._left_out(presents[0]))
        second = self.space(vectors[modalities:], self._left_out(presents[1]))
        loss = taught_info_nce(first, second, told, self.temperature, self.pair_weight)
        self.log(f"{stage}_loss", loss, on_epoch=True, on_step=False, batch_size=len(first))
        return loss

    def _left_out(self, present: Tensor) -> Tensor:
        """Leave modalities out of each view while learning, but never all that it has."""
        if not self.training:
            return present
        kept = present & (torch.rand(present.shape, device=present.device) >= self.dropout)
        return torch.where(kept.any(dim=1, keepdim=True), kept, present)

    def training_step(self, batch: list[Tensor]) -> Tensor:
        """Learn from one batch: what is told of pairs, masks of both views, each modality's vectors in both."""
        return self._step(batch, "training")

    def validation_step(self, batch: list[Tensor]) -> Tensor:
        """Measure on customers held out."""
        return self._step(batch, "validation")

    def configure_optimizers(self) -> torch.optim.Optimizer:
        """AdamW, without a schedule."""
        return torch.optim.AdamW(self.parameters(), lr=self.learning_rate, weight_decay=1e-2)
