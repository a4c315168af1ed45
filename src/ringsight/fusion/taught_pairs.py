"""Decided pairs of customers, as the joint space learns from them.

`same_hand` makes two customers positives of each other, as two views of one customer are (supervised contrastive
learning, Khosla et al. 2020, arXiv 2004.11362); `different` makes them hard negatives, which count more than strangers
do. `unsure` teaches nothing: such a pair is contrasted as any two customers are.
"""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl
import torch
from jaxtyping import Float, Int
from numpy.typing import NDArray
from scipy.sparse import coo_array, csr_array
from torch import Tensor
from torch.nn.functional import cross_entropy
from torch.utils.data import Sampler

from ringsight.errors import DataError
from ringsight.records.decisions import DIFFERENT, SAME_HAND, read_decisions

DRAWN = 32
"""Decided pairs of each kind that are drawn into every batch, at most."""


@dataclass(frozen=True, slots=True, eq=False)
class Pairs:
    """Decided pairs among the customers that are learned from."""

    digest: str
    """SHA-256 of the file; empty where none was named."""
    relation: csr_array[np.int8, tuple[int, int]]
    """1 for `same_hand`, -1 for `different`, symmetric; shape (customers, customers)."""
    left_out: int
    """Decided pairs of which a customer cannot be learned from."""

    @classmethod
    def of(cls, path: Path | None, customer_ids: NDArray[np.str_]) -> "Pairs":
        """Read the decided pairs of these customers.

        Args:
            path: as `records.decisions.read_decisions` reads it; None for no pairs.
            customer_ids: of those who are learned from, in the order of their rows.

        Raises:
            DataError: if the file cannot be used, or decides on no pair of these customers.
        """
        if path is None:
            nobody = np.zeros(0, dtype=np.int64)
            return cls("", _relation(nobody, nobody, nobody, len(customer_ids)), 0)
        row = pl.DataFrame({"customer": customer_ids, "row": np.arange(len(customer_ids))})
        decided = read_decisions(path).filter(pl.col("decision").is_in([SAME_HAND, DIFFERENT]))
        known = decided.join(row.rename({"row": "a"}), left_on="customer_a", right_on="customer").join(
            row.rename({"row": "b"}), left_on="customer_b", right_on="customer"
        )
        if known.is_empty():
            raise DataError(
                f"no pair to learn from: of {len(decided):,} decided `{SAME_HAND}` or `{DIFFERENT}`, none is of two "
                "customers whose records make two views",
                where=f"{path}, columns customer_a, customer_b and decision",
                remedy="name the pairs of this bank, or leave out fusion.pairs",
            )
        a, b = known["a"].to_numpy(), known["b"].to_numpy()
        told = np.where(known["decision"].to_numpy() == SAME_HAND, 1, -1)
        return cls(digest(path), _relation(told, a, b, len(customer_ids)), len(decided) - len(known))

    @property
    def decided(self) -> NDArray[np.bool_]:
        """Whom a pair names; shape (customers,)."""
        named: NDArray[np.bool_] = np.diff(self.relation.indptr) > 0
        return named

    def count(self, told: int) -> int:
        """Pairs of one kind: 1 for `same_hand`, -1 for `different`."""
        return int((self.relation.data == told).sum()) // 2

    def described(self) -> str:
        """For the card of a model, in Markdown."""
        if not self.digest:
            return "\nIt was taught by no decided pairs.\n"
        return (
            f"\nIt was taught by decided pairs too, {self.count(1):,} `{SAME_HAND}` and {self.count(-1):,} "
            f"`{DIFFERENT}`: the file with the SHA-256 `{self.digest}`. {self.left_out:,} of its pairs were left out, "
            "for want of records for two views.\n"
        )

    def among(self, rows: NDArray[np.int64]) -> Int[Tensor, "rows rows"]:
        """What is decided among these customers."""
        return torch.from_numpy(self.relation[rows][:, rows].toarray())


def _relation(
    told: NDArray[np.int64], a: NDArray[np.int64], b: NDArray[np.int64], customers: int
) -> csr_array[np.int8, tuple[int, int]]:
    both_ways = (np.r_[told, told].astype(np.int8), (np.r_[a, b], np.r_[b, a]))
    return coo_array(both_ways, shape=(customers, customers)).tocsr()


def digest(path: Path) -> str:
    """SHA-256 of a file of pairs, by which a model knows what it was taught.

    Raises:
        DataError: if there is no such file.
    """
    if not path.is_file():
        raise DataError("no such file", where=str(path), remedy="name a CSV or Parquet file of decided pairs")
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


class TaughtBatches(Sampler[list[int]]):
    """Every customer once an epoch, in batches; to each batch, decided pairs drawn at random."""

    def __init__(self, rows: NDArray[np.int64], pairs: Pairs, size: int, generator: torch.Generator) -> None:
        """Take `size` of the customers of `rows` to a batch; pairs of others are not drawn."""
        self.rows, self.size, self.generator = rows, size, generator
        upper = coo_array(pairs.relation)
        inside = np.isin(upper.row, rows) & np.isin(upper.col, rows) & (upper.row < upper.col)
        ends = np.stack([upper.row, upper.col], axis=1)[inside].astype(np.int64)
        told = upper.data[inside]
        self.kinds = [kind for kind in (ends[told > 0], ends[told < 0]) if len(kind)]

    def __len__(self) -> int:
        """Batches in an epoch."""
        return (len(self.rows) + self.size - 1) // self.size

    def __iter__(self) -> Iterator[list[int]]:
        """Rows of each batch, none twice."""
        order = self._shuffled(self.rows)
        for start in range(0, len(order), self.size):
            drawn = [self._shuffled(kind)[:DRAWN].ravel() for kind in self.kinds]
            yield np.unique(np.concatenate([order[start : start + self.size], *drawn])).tolist()

    def _shuffled(self, rows: NDArray[np.int64]) -> NDArray[np.int64]:
        shuffled: NDArray[np.int64] = rows[torch.randperm(len(rows), generator=self.generator).numpy()]
        return shuffled


def taught_info_nce(
    first: Float[Tensor, "batch dim"],
    second: Float[Tensor, "batch dim"],
    decided: Int[Tensor, "batch batch"],
    temperature: float,
    weight: float,
) -> Tensor:
    """Contrast each row of `first` with its partner in `second`, and with those of the same hand, against all others.

    `encoders.training.info_nce` where nothing is decided. A positive that was told counts `weight` beside the 1 of the
    partner, a negative that was told `1 + weight` beside the 1 of a stranger.

    Args:
        first: rows of length 1.
        second: rows of length 1.
        decided: 1 for `same_hand`, -1 for `different`, else 0; symmetric.
        temperature: the lower, the more the nearest strangers count.
        weight: of what was decided.
    """
    logits = first @ second.T / temperature + torch.log1p(weight * (decided < 0).float())
    target = torch.eye(len(logits), device=logits.device) + weight * (decided > 0)
    target = target / target.sum(dim=1, keepdim=True)
    return (cross_entropy(logits, target) + cross_entropy(logits.T, target)) / 2
