"""The joint space: a customer's embeddings of all modalities -> one embedding.

Three ways, one interface. `joint` learns a contribution of each modality and adds them up, so that two views of one
customer land together and those of two customers apart (InfoNCE); a modality is left out at random while learning.
`early` concatenates the modalities and keeps the leading principal components. `late` learns nothing: its inner product
is the mean of the modalities' own.

Before anything is learned each modality is whitened (ZCA: Bell and Sejnowski 1997, Vision Research 37:3327). Most of
what varies among customers is common to many (who is paid monthly, which card is in fashion) and tells no hand from
another; principal components, which learning starts from, would keep just that.

Two views of one customer lack the same modalities, so learning pulls those together who lack one. A learned token
takes that up while learning, and is left out of the embedding: there, what is absent adds nothing, and what is
present is centred, so that no customers are alike on average for what they lack. Nor are they in the tail, where the
nearest neighbours are found: customers of whom less is known vary in fewer directions, and would come nearer to some
stranger by chance. So each set of modalities is whitened once more on all who have at least these, shown with these
alone, and strangers spread alike whatever they lack.

Shapes: for each modality vectors (customers, dim of the modality) and a mask (customers,) -> (customers, dim).
"""

from collections.abc import Iterator
from pathlib import Path

import torch
from jaxtyping import Bool, Float
from pytorch_lightning import LightningModule
from torch import Tensor, nn
from torch.nn.functional import normalize

from ringsight.encoders.part import Part
from ringsight.errors import ModelError
from ringsight.fusion.taught_pairs import taught_info_nce

RIDGE = 0.1
"""Added to every variance before whitening, in mean variances: directions of little variance are mostly noise."""


AGAIN = "train it again: `ringsight train encoder=joint again=true bank.path=FOLDER model=FOLDER`"
"""Remedy for a joint space that does not fit."""


class Contribution(nn.Module):
    """What one modality adds to the joint space: a gated projection of its vectors, evened out."""

    mean: Tensor
    evening: Tensor
    centre: Tensor

    def __init__(self, given: int, dim: int) -> None:
        super().__init__()
        self.register_buffer("mean", torch.zeros(given))
        self.register_buffer("evening", torch.eye(given))
        self.projection = nn.Linear(given, dim)
        self.gate = nn.Linear(given, 1)
        self.absent = nn.Parameter(torch.zeros(dim))
        self.register_buffer("centre", torch.zeros(dim))

    def forward(self, vectors: Float[Tensor, "customers given"]) -> Float[Tensor, "customers dim"]:
        """Contributions of customers who have the modality."""
        even = self.evened(vectors)
        gated: Tensor = torch.sigmoid(self.gate(even)) * self.projection(even)
        return gated

    def evened(self, vectors: Float[Tensor, "customers given"]) -> Float[Tensor, "customers given"]:
        """Vectors of length 1 that vary alike in every direction."""
        return normalize((vectors - self.mean) @ self.evening, dim=-1)

    def even_out(self, vectors: Float[Tensor, "customers given"]) -> None:
        """Take mean and whitening from customers who have the modality; nothing changes where nobody has."""
        if len(vectors) == 0:
            return
        self.mean.copy_(vectors.mean(dim=0))
        self.evening.copy_(_whitening(vectors - self.mean))


class JointSpace(nn.Module):
    """Contributions of all modalities, added up."""

    whitening: Tensor

    def __init__(self, given: list[int], dim: int) -> None:
        super().__init__()
        self.contributions = nn.ModuleList(Contribution(length, dim) for length in given)
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
            self.whitening[number] = _whitening(normalize(centred, dim=-1))

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
        """Whiten each modality by the customers given who have it; their vectors so, zero where it is absent."""
        even = []
        for contribution, of_modality, has in self._with_masks(vectors, present):
            contribution.even_out(of_modality[has.squeeze(-1)])
            even.append(contribution.evened(of_modality) * has)
        return even

    @torch.no_grad()
    def start_from(self, components: Float[Tensor, "all_given components"]) -> None:
        """Start as the projection of all modalities side by side on principal components, at most dim of them."""
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


def space_of(trained: Part, folder: Path) -> JointSpace:
    """The learned space of a part that was read from `folder`.

    Raises:
        ModelError: if it was written by a version whose joint space had other weights.
    """
    projections = sorted(name for name in trained.weights if name.endswith("projection.weight"))
    space = JointSpace([trained.weights[name].shape[1] for name in projections], trained.settings["dim"])
    try:
        space.load_state_dict(dict(trained.weights))
    except RuntimeError as error:  # torch names the weights that are missing or of another shape
        raise ModelError(f"not the weights of a joint space: {error}", where=str(folder), remedy=AGAIN) from error
    return space.eval()


def _whitening(rows: Float[Tensor, "customers dim"]) -> Float[Tensor, "dim dim"]:
    """The symmetric map that evens out the variances of rows centred already; none where there is nothing to see."""
    variances, directions = torch.linalg.eigh((rows.T @ rows / max(len(rows), 1)).double())
    mean = variances.mean()
    if mean == 0:
        return torch.eye(rows.shape[1])
    evened: Tensor = (directions / (variances.clamp(min=0) + RIDGE * mean).sqrt()) @ directions.T
    return evened.float()


class JointTask(LightningModule):
    """Tell one hand's views from another's, with modalities left out at random."""

    def __init__(
        self,
        given: list[int],
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
        decided, presents, vectors = batch[0], batch[1:3], batch[3:]
        first = self.space(vectors[:modalities], self._left_out(presents[0]))
        second = self.space(vectors[modalities:], self._left_out(presents[1]))
        loss = taught_info_nce(first, second, decided, self.temperature, self.pair_weight)
        self.log(f"{stage}_loss", loss, on_epoch=True, on_step=False, batch_size=len(first))
        return loss

    def _left_out(self, present: Tensor) -> Tensor:
        """Leave modalities out of each view while learning, but never all that it has."""
        if not self.training:
            return present
        kept = present & (torch.rand(present.shape, device=present.device) >= self.dropout)
        return torch.where(kept.any(dim=1, keepdim=True), kept, present)

    def training_step(self, batch: list[Tensor]) -> Tensor:
        """Learn from one batch: what is decided, masks of both views, each modality's vectors of first and second."""
        return self._step(batch, "training")

    def validation_step(self, batch: list[Tensor]) -> Tensor:
        """Measure on customers held out."""
        return self._step(batch, "validation")

    def configure_optimizers(self) -> torch.optim.Optimizer:
        """AdamW, without a schedule."""
        return torch.optim.AdamW(self.parameters(), lr=self.learning_rate, weight_decay=1e-2)
