"""A bank in which what is missing hangs together: branches seldom take a photo, the app seldom leads to a note."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from simulated_bank import Simulation, simulate

from ringsight.records.embeddings import Embeddings

WITHOUT_PHOTO = 0.6
"""Share of branch customers who have no ID image."""
WITHOUT_NOTES = 0.5
"""Share of app customers who have no notes."""

Groups = Sequence[NDArray[np.int64]]


@dataclass(frozen=True)
class LackingBank:
    """A simulated bank, its customers' channels, and who lacks what."""

    simulation: Simulation
    branch: NDArray[np.bool_]
    lacking: dict[str, NDArray[np.bool_]]
    """By modality, of each customer in the bank's order."""

    def rows(self, customer_ids: Sequence[str]) -> NDArray[np.int64]:
        """Where the customers stand in the bank."""
        return np.searchsorted(self.simulation.bank.customer_ids, np.array(customer_ids))


def lacking_bank(seed: int, customers: int = 240) -> LackingBank:
    """Half of the customers came through a branch, half through the app, whatever their stratum or ring."""
    rng = np.random.default_rng([seed, 1])
    branch = rng.random(customers) < 0.5
    lacking = {
        "id_images": branch & (rng.random(customers) < WITHOUT_PHOTO),
        "notes": ~branch & (rng.random(customers) < WITHOUT_NOTES),
    }
    simulation = simulate(seed, customers=customers, present={name: ~absent for name, absent in lacking.items()})
    return LackingBank(simulation, branch, lacking)


def filled_in(bank: LackingBank, noise: float, seed: int = 0) -> dict[str, Embeddings]:
    """What must not be done: whoever lacks a modality is given its mean vector, with a little noise."""
    rng = np.random.default_rng(seed)
    ids = bank.simulation.bank.customer_ids
    filled = {}
    for name, found in bank.simulation.embeddings.items():
        mean = found.vectors.mean(axis=0)
        vectors = mean / np.linalg.norm(mean) + noise * rng.normal(size=(len(ids), found.dim))
        vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
        vectors[found.rows_in(ids) >= 0] = found.vectors
        filled[name] = Embeddings(name, ids, vectors.astype(np.float32), found.model_hash, found.data_hash)
    return filled


def pairs_lacking(groups: Groups, lacking: NDArray[np.bool_]) -> int:
    """How many pairs inside the groups lack it both.

    Not the pairs of like presence: two who both have a photo may well be tied by their photos.
    """
    counts = np.add.reduceat(lacking[np.concatenate(groups)], np.cumsum([0, *map(len, groups)])[:-1], dtype=np.int64)
    return int((counts * (counts - 1) // 2).sum())


def chance_of_gathering(
    banks: Sequence[LackingBank], groups: Sequence[Groups], modality: str, shuffles: int = 199
) -> float:
    """Chance of as many pairs that lack the modality both, over all banks, if who lacks it were drawn anew.

    It is drawn within a channel: customers of one channel lack the same more often, and have the other traces more
    often, whether or not anything gathers.
    """
    rng = np.random.default_rng(0)

    def drawn(bank: LackingBank) -> NDArray[np.bool_]:
        anew = bank.lacking[modality].copy()
        for channel in (bank.branch, ~bank.branch):
            anew[channel] = rng.permutation(anew[channel])
        return anew

    found = sum(pairs_lacking(inside, bank.lacking[modality]) for bank, inside in zip(banks, groups, strict=True))
    chance = [
        sum(pairs_lacking(inside, drawn(bank)) for bank, inside in zip(banks, groups, strict=True))
        for _ in range(shuffles)
    ]
    return float((1 + np.sum(np.array(chance) >= found)) / (1 + shuffles))
