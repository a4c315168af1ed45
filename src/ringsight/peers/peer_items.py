"""What is told of peers: items that they buy, and items of a customer that they do not buy."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, TypeVar, overload

import numpy as np
import polars as pl
from numpy.typing import NDArray
from scipy.stats import beta, binom

from ringsight.detection.html_table import html_table

Item = TypeVar("Item")
SURE = 0.95
"""How surely a share lies beyond its bound, on one side."""


@dataclass(frozen=True, slots=True)
class PeerItem:
    """An item that a customer's peers buy."""

    item: str
    score: float
    """What the order is by: of a blend, standard deviations above the customer's average item, weighed and summed; or
    the lift."""
    bought: int
    """How often the customer has bought it."""
    peers_lately: int
    """Peers who bought it lately."""
    peers: int
    """Of how many."""
    base_rate: float
    """Share of all customers who bought it lately."""
    lift: float
    """Share of the peers who bought it lately over the base rate; where peers are few, drawn towards 1."""
    lift_low: float
    """The lift is at least this with a probability of 95 %, if peers are a fair draw of customers like this one."""


@dataclass(frozen=True, slots=True)
class UnlikeItem:
    """What a customer buys and hardly any of their peers does."""

    item: str
    bought: int
    """How often the customer has bought it."""
    peers_with: int
    """Peers who ever bought it."""
    peers: int
    """Of how many."""
    peers_most: float
    """At most this share of customers like this one buys it, with 95 % confidence."""
    others_with: int
    """All other customers who ever bought it."""
    base_rate: float
    """Their share of all other customers."""
    chance: float
    """How often so few of that many customers would have it, were they drawn from all. If this is large, the item is
    rare everywhere, and says nothing against the customer. It is that of one item alone: of a hundred items, one has a
    chance of .01 for no reason."""


@dataclass(frozen=True, slots=True)
class _Listed(Sequence[Item]):
    """Items, best first."""

    customer_id: str
    """Whom they are for; empty for a session."""
    found: tuple[Item, ...]
    peers: tuple[str, ...]
    """Ids of the peers, the most alike first."""
    served_by: str
    """What the peers are found by: `purchases`, `metadata`, or `popularity` where there are no peers."""

    @overload
    def __getitem__(self, index: int) -> Item: ...
    @overload
    def __getitem__(self, index: slice) -> tuple[Item, ...]: ...
    def __getitem__(self, index: int | slice) -> Item | tuple[Item, ...]:
        """One of them, or some."""
        return self.found[index]

    def __len__(self) -> int:
        """How many were found."""
        return len(self.found)

    def __repr__(self) -> str:
        """Which they are, in a line."""
        named = ", ".join(each.item for each in self.found[:5]) or "nothing"  # type: ignore[attr-defined]
        more = f" and {len(self) - 5} more" if len(self) > 5 else ""
        return f"{type(self).__name__}({self.customer_id or 'a session'}: {named}{more}; by {self.served_by})"

    def table(self) -> pl.DataFrame:
        """One row for each item, in order."""
        return pl.DataFrame([asdict(each) for each in self.found])  # type: ignore[call-overload]

    def as_dict(self) -> dict[str, Any]:
        """All of it as plain values, for JSON; figures to six decimals."""
        items = [
            {name: round(value, 6) if isinstance(value, float) else value for name, value in asdict(each).items()}  # type: ignore[call-overload]
            for each in self.found
        ]
        return {"customer": self.customer_id, "served_by": self.served_by, "peers": list(self.peers), "items": items}

    def _html(self, caption: str) -> str:
        rounded = self.table().with_columns(pl.selectors.float().round(3))
        return html_table(caption, rounded)


@dataclass(frozen=True, slots=True, repr=False)
class PeerItems(_Listed[PeerItem]):
    """What customers like one buy, best first."""

    def _repr_html_(self) -> str:
        """The items as a table, for a notebook."""
        return self._html(f"Customers like {self.customer_id or 'these'} also bought")


@dataclass(frozen=True, slots=True, repr=False)
class UnlikeItems(_Listed[UnlikeItem]):
    """What a customer does and hardly any peer does, the least to be expected first."""

    def _repr_html_(self) -> str:
        """The items as a table, for a notebook."""
        return self._html(f"What {self.customer_id} does and peers do not")


def lifts(
    lately: NDArray[np.float64], peers: int, base: NDArray[np.float64], prior: float
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The lift over the base rate, and its lower bound: mean and quantile of a beta posterior around the base rate.

    Args:
        lately: peers who bought each item lately; shape (items,).
        peers: of how many.
        base: share of all customers who did; shape (items,).
        prior: customers that the base rate counts for.

    Returns:
        Both of shape (items,); 1 and 0 where nobody bought the item lately.
    """
    known = base > 0
    safe = np.where(known, base, 1.0)
    lift = np.where(known, (lately + prior * base) / (peers + prior) / safe, 1.0)
    low = beta.ppf(1 - SURE, lately + prior * safe, np.maximum(peers - lately + prior * (1 - safe), 1e-9))
    return lift, np.where(known, low / safe, 0.0)


def most_share(having: NDArray[np.int64], of: int) -> NDArray[np.float64]:
    """Upper bound of a share (Clopper and Pearson 1934); shape as given."""
    if of == 0:
        return np.ones(len(having))
    bound: NDArray[np.float64] = np.where(having >= of, 1.0, beta.ppf(SURE, having + 1, np.maximum(of - having, 1)))
    return bound


def chance_of_so_few(having: NDArray[np.int64], of: int, base: NDArray[np.float64]) -> NDArray[np.float64]:
    """How often at most so many of `of` customers have an item that a share `base` of all has; shape as given."""
    return np.asarray(binom.cdf(having, of, base), dtype=np.float64)
