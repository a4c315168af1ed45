"""Decided pairs and business pairs of customers, as the joint space learns from them.

`same_hand`, or a weight above 0, makes two customers positives of each other, as two views of one customer are
(supervised contrastive learning, Khosla et al. 2020, arXiv 2004.11362); `different`, or a weight below 0, makes them
hard negatives, which count more than strangers do. `unsure` teaches nothing: such a pair is contrasted as any two
customers are. What was decided of two customers counts before what a business says of them.
"""

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import polars as pl
import torch
from jaxtyping import Float
from numpy.typing import NDArray
from scipy.sparse import coo_array, csr_array
from torch import Tensor
from torch.nn.functional import cross_entropy
from torch.utils.data import Sampler

from ringsight.errors import DataError
from ringsight.fusion.settings import FusionConfig
from ringsight.records.business_pairs import BUSINESS_PAIRS, read_business_pairs
from ringsight.records.decisions import DIFFERENT, SAME_HAND, read_decisions

DRAWN = 32
"""Pairs of each kind, near and apart, that are drawn into every batch, at most."""


@dataclass(frozen=True, slots=True, eq=False)
class Pairs:
    """Pairs among the customers that are learned from."""

    digest: str
    """SHA-256 of the files, as `digest` has it; empty where none was named."""
    relation: csr_array[np.float32, tuple[int, int]]
    """Above 0 for those who shall be near, below 0 for those who shall be apart, by as much as a pair counts.

    Symmetric; shape (customers, customers)."""
    counts: Mapping[str, int]
    """By `same_hand`, `different` and the labels of business pairs, how many are learned from."""
    left_out: int
    """Pairs of which a customer cannot be learned from."""

    @classmethod
    def of(cls, config: FusionConfig, customer_ids: NDArray[np.str_]) -> "Pairs":
        """Read the pairs of these customers.

        Args:
            config: names the files.
            customer_ids: of those who are learned from, in the order of their rows.

        Raises:
            DataError: if a file cannot be used, or they say nothing of any pair of these customers.
        """
        row = pl.DataFrame({"customer": customer_ids, "row": np.arange(len(customer_ids))})
        told = told_pairs(config)
        known = told.join(row.rename({"row": "a"}), left_on="customer_a", right_on="customer").join(
            row.rename({"row": "b"}), left_on="customer_b", right_on="customer"
        )
        if config.taught_by and known.is_empty():
            raise DataError(
                f"no pair to learn from: of {len(told):,} that say anything, none is of two customers whose records "
                "make two views",
                where=" and ".join(map(str, config.taught_by)),
                remedy="name the pairs of this bank, or leave out fusion.pairs and fusion.business_pairs",
            )
        counts = dict(known["label"].value_counts().sort("label").iter_rows())
        return cls(digest(config), _relation(known, len(customer_ids)), counts, len(told) - len(known))

    @property
    def taught(self) -> NDArray[np.bool_]:
        """Whom a pair names; shape (customers,)."""
        named: NDArray[np.bool_] = np.diff(self.relation.indptr) > 0
        return named

    def described(self) -> str:
        """For the card of a model, in Markdown."""
        if not self.digest:
            return "\nIt was taught by no pairs of customers.\n"
        counted = ", ".join(f"{count:,} `{label.replace('`', '')}`" for label, count in self.counts.items())
        return (
            f"\nIt was taught by pairs of customers too ({counted}): the files with the SHA-256 `{self.digest}`. "
            f"{self.left_out:,} of their pairs were left out, for want of records for two views.\n"
        )

    def among(self, rows: NDArray[np.int64]) -> Float[Tensor, "rows rows"]:
        """What is told of these customers."""
        return torch.from_numpy(self.relation[rows][:, rows].toarray())


def told_pairs(config: FusionConfig) -> pl.DataFrame:
    """What decided pairs and business pairs tell, in the columns of `BUSINESS_PAIRS`; a decision weighs 1.

    Raises:
        DataError: if a file cannot be used.
    """
    told = pl.DataFrame(schema=BUSINESS_PAIRS)
    if config.pairs is not None:
        decided = read_decisions(config.pairs).filter(pl.col("decision").is_in([SAME_HAND, DIFFERENT]))
        weight = pl.when(pl.col("decision") == SAME_HAND).then(1.0).otherwise(-1.0)
        told = decided.select("customer_a", "customer_b", label="decision", weight=weight)
    if config.business_pairs is not None:
        business = read_business_pairs(config.business_pairs)
        told = pl.concat([told, business.join(told, on=["customer_a", "customer_b"], how="anti")])
    return told


def _relation(known: pl.DataFrame, customers: int) -> csr_array[np.float32, tuple[int, int]]:
    a, b, weight = (known[name].to_numpy() for name in ("a", "b", "weight"))
    both_ways = (np.r_[weight, weight].astype(np.float32), (np.r_[a, b], np.r_[b, a]))
    return coo_array(both_ways, shape=(customers, customers)).tocsr()  # adds up what several labels say of a pair


def digest(config: FusionConfig) -> str:
    """SHA-256 of the files of pairs, joined by `+`, by which a model knows what it was taught; empty if there are none.

    Raises:
        DataError: if one is not there.
    """
    found = []
    for path in config.taught_by:
        if not path.is_file():
            raise DataError("no such file", where=str(path), remedy="name a CSV or Parquet file of pairs")
        with path.open("rb") as file:
            found.append(hashlib.file_digest(file, "sha256").hexdigest())
    return "+".join(found)


class TaughtBatches(Sampler[list[int]]):
    """Every customer once an epoch, in batches; to each batch, pairs drawn at random that are told of."""

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
    told: Float[Tensor, "batch batch"],
    temperature: float,
    weight: float,
) -> Tensor:
    """Contrast each row of `first` with its partner in `second`, and with those who shall be near, against all others.

    `encoders.fitting.info_nce` where nothing is told. A positive that is told counts `weight` times its own beside the
    1 of the partner, a negative so much more than the 1 of a stranger.

    Args:
        first: rows of length 1.
        second: rows of length 1.
        told: above 0 for those who shall be near, below 0 for those who shall be apart, else 0; symmetric.
        temperature: the lower, the more the nearest strangers count.
        weight: of what is told.
    """
    logits = first @ second.T / temperature + torch.log1p(weight * (-told).clamp(min=0))
    target = torch.eye(len(logits), device=logits.device) + weight * told.clamp(min=0)
    target = target / target.sum(dim=1, keepdim=True)
    return (cross_entropy(logits, target) + cross_entropy(logits.T, target)) / 2
