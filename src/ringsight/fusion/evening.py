"""Spaces made comparable before anything is learned of them: whitened, and weighed by how rarely strangers are alike.

Most of what varies among customers is common to many (who is paid monthly, which card is in fashion) and tells no hand
from another: it is whitened away (ZCA: Bell and Sejnowski 1997, Vision Research 37:3327). A similarity then counts by
how many standard deviations of strangers' similarities it is worth.
"""

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn.functional import normalize

RIDGE = 0.1
"""Added to every variance before whitening, in mean variances: directions of little variance are mostly noise."""
LEARNED = 0.25
"""What a learned space counts beside its facets, which tell much of the same."""


class Evening(nn.Module):
    """One space's vectors, evened out; rows of zeros, of whom the space says nothing, stay zero."""

    mean: Tensor
    whitening: Tensor
    weight: Tensor

    def __init__(self, given: int) -> None:
        super().__init__()
        self.register_buffer("mean", torch.zeros(given))
        self.register_buffer("whitening", torch.eye(given))
        self.register_buffer("weight", torch.ones(1))

    def forward(self, vectors: Float[Tensor, "customers given"]) -> Float[Tensor, "customers given"]:
        """Vectors of length sqrt(weight) that vary alike in every direction."""
        told = (vectors != 0).any(dim=-1, keepdim=True)
        even: Tensor = normalize((vectors - self.mean) @ self.whitening, dim=-1) * self.weight.sqrt() * told
        return even

    def fit(self, vectors: Float[Tensor, "customers given"]) -> float:
        """Take mean and whitening from customers; nothing changes where nobody is told of.

        Returns:
            The standard deviation of strangers' similarities, once they are evened out.
        """
        told = vectors[(vectors != 0).any(dim=-1)]
        isotropic = float(vectors.shape[1] ** -0.5)
        if len(told) == 0:
            return isotropic
        self.mean.copy_(told.mean(dim=0))
        self.whitening.copy_(whitening(told - self.mean))
        self.weight.fill_(1)
        even = self(told)
        spread = ((even.T @ even / len(told)).square().sum() - even.mean(dim=0).square().sum().square()).clamp(min=0)
        return max(float(spread.sqrt()), isotropic)


def weigh(spaces: list[list[Evening]], spreads: list[list[float]]) -> None:
    """Weigh spaces by the spread of strangers' similarities; the first of a modality's several is the learned one."""
    least = min(spread for of_modality in spreads for spread in of_modality)
    for evenings, of_modality in zip(spaces, spreads, strict=True):
        for place, (evening, spread) in enumerate(zip(evenings, of_modality, strict=True)):
            evening.weight.fill_(least / spread * (LEARNED if place == 0 and len(evenings) > 1 else 1))


def whitening(rows: Float[Tensor, "customers dim"]) -> Float[Tensor, "dim dim"]:
    """The symmetric map that evens out the variances of rows centred already; none where there is nothing to see."""
    variances, directions = torch.linalg.eigh((rows.T @ rows / max(len(rows), 1)).double())
    mean = variances.mean()
    if mean == 0:
        return torch.eye(rows.shape[1])
    evened: Tensor = (directions / (variances.clamp(min=0) + RIDGE * mean).sqrt()) @ directions.T
    return evened.float()
