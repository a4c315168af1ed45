"""Peers of customers, fitted to purchase histories and asked one customer at a time."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import polars as pl
from numpy.typing import NDArray
from scipy.sparse import csr_array

from ringsight.errors import SettingsError
from ringsight.peers.blending import blended, standardised
from ringsight.peers.finding_peers import AlikeHistories, PeerPurchases, peers_found
from ringsight.peers.fitting_recommenders import fit_recommenders, scored_items
from ringsight.peers.histories import PurchaseHistories, check_k, purchase_histories, unknown_customer
from ringsight.peers.hits import top
from ringsight.peers.metadata import CustomerMetadata, filters, fitting
from ringsight.peers.peer_items import PeerItem, PeerItems, UnlikeItems, lifts
from ringsight.peers.purchase_vectors import PurchaseSpace
from ringsight.peers.recommenders import Recommender
from ringsight.peers.settings import Order, PeersConfig
from ringsight.peers.unlike_peers import unlike
from ringsight.records.bank import Bank, ColumnRole
from ringsight.records.contract import STORED_TEXTS
from ringsight.records.embeddings import Embeddings

LEAST_PEERS = 2
"""Peers whom an item's lift needs to rank by it."""
NEW = np.array([-1])
"""Row of a history that no customer has."""


@dataclass(frozen=True, slots=True, eq=False)
class _Group:
    """The peers of one customer."""

    rows: NDArray[np.int64]
    """The most alike first."""
    served_by: str
    among: NDArray[np.bool_] | None = None
    """Whom they were drawn from; shape (customers,)."""


@dataclass(frozen=True, slots=True, eq=False)
class PeerModel:
    """Says what customers like one buy, and what one does that they do not. Made by `fit_peers`."""

    histories: PurchaseHistories
    config: PeersConfig
    columns: NDArray[np.int64]
    """Of all items, those that are recommended; shape (scored,)."""
    counts: csr_array
    """How often each customer bought each of those; shape (customers, scored)."""
    lately: csr_array
    """Whether lately; shape (customers, scored)."""
    base: NDArray[np.float64]
    """Share of all customers who bought each of those lately; shape (scored,)."""
    every: csr_array
    """How often each customer bought each item, those that are not recommended too; shape (customers, items)."""
    finder: AlikeHistories
    recommenders: dict[str, Recommender]
    """Recommender -> as it was fitted; those that the blend weighs, and popularity."""
    weights: dict[str, float]
    metadata: CustomerMetadata | None

    def __repr__(self) -> str:
        """How much it was fitted to, in a line."""
        return f"PeerModel({len(self.histories.customer_ids):,} customers, {len(self.columns):,} items)"

    def peers(
        self, customer_id: str, *, k: int = 10, where: str = "", seen: bool = True, order: Order = Order.blend
    ) -> PeerItems:
        """What customers like one buy, best first.

        A customer without purchases gets what those buy who share their metadata; their peers are then found so.

        Args:
            customer_id: the customer.
            k: how many items.
            where: peers are only those who fit, as `region == 'EU' and last_seen > '2026-05-01'`.
            seen: whether to list what the customer bought before, too.
            order: by the blend of all recommenders, or by the lift of what peers bought lately.

        Raises:
            DataError: if the customer is not known at all.
            SettingsError: if k is out of bounds, or the filter makes no sense.
        """
        check_k(k)
        among = self._among(where)
        if customer_id not in self.histories:
            return self._listed(
                customer_id, self._history([]), NEW, self._cold(customer_id, among), _Asked(k, seen, order)
            )
        own = np.array([self.histories.row_of(customer_id)])
        history = self.counts[own]
        return self._listed(customer_id, history, own, self._alike(history, own, among), _Asked(k, seen, order))

    def peers_of_items(
        self, items: Sequence[str], *, k: int = 10, where: str = "", seen: bool = False, order: Order = Order.blend
    ) -> PeerItems:
        """What customers buy who bought the items of a session, best first.

        Args:
            items: of the session; one that is there twice counts twice.
            k: how many items.
            where: peers are only those who fit.
            seen: whether to list the session's own items, too.
            order: by the blend, or by the lift.

        Raises:
            DataError: if nobody ever bought one of the items.
            SettingsError: if there are no items, k is out of bounds, or the filter makes no sense.
        """
        if not items:
            raise SettingsError("a session needs at least one item")
        check_k(k)
        session = self._history([self.histories.column_of(item) for item in items])
        return self._listed("", session, NEW, self._alike(session, NEW, self._among(where)), _Asked(k, seen, order))

    def unlike_peers(self, customer_id: str, *, k: int = 10, most_share: float = 0.02, where: str = "") -> UnlikeItems:
        """What a customer does that none, or almost none, of their peers does, the least to be expected first.

        All items count, also those bought by too few to be recommended.

        Args:
            customer_id: the customer.
            k: how many items, at most.
            most_share: of the peers who may have done it, too.
            where: peers are only those who fit.

        Raises:
            DataError: if the customer bought nothing.
            SettingsError: if k or most_share is out of bounds, or the filter makes no sense.
        """
        check_k(k)
        if not 0 <= most_share < 1:
            raise SettingsError(f"most_share must be at least 0 and below 1 (got {most_share})")
        own = np.array([self.histories.row_of(customer_id)])
        group = self._alike(self.counts[own], own, self._among(where))
        return unlike(self.histories, self.every, int(own[0]), group.rows, k, most_share)

    def scores(self, rows: NDArray[np.int64]) -> dict[str, NDArray[np.float64]]:
        """Recommender -> its scores of the recommended items for customers by row; each of shape (rows, scored)."""
        return {name: recommender.scores(self.counts[rows], rows) for name, recommender in self.recommenders.items()}

    def scores_by_metadata(self, customer_id: str) -> NDArray[np.float64]:
        """The scores of the recommended items for a customer as if nothing were known of their purchases; (scored,).

        Raises:
            DataError: if no metadata of the customer are known.
        """
        return self._scored(self._history([]), NEW, self._cold(customer_id, None))

    def embeddings(self) -> Embeddings:
        """The customers' purchase vectors, for a collection of their own in a vector store (`VectorStore.write`)."""
        space = PurchaseSpace.of(self.counts, self.config.embedding_dimensions)
        return space.embeddings(self.histories, self.counts)

    def filters(self, band: str = "") -> pl.DataFrame:
        """What stands beside the purchase vectors in a vector store, to filter by: region, segment, last purchase.

        Args:
            band: column of the customers that takes the place of `segment`: an age band, for instance.

        Raises:
            DataError: if there is no such column.
        """
        return filters(self.histories, self.metadata.table if self.metadata else None, band)

    @property
    def _most(self) -> int:
        """How many peers a customer has, at most."""
        return self.config.most_peers(len(self.histories.customer_ids))

    def _among(self, where: str) -> NDArray[np.bool_] | None:
        """Whom peers are drawn from."""
        return fitting(where, self.histories, self.metadata.table if self.metadata else None) if where else None

    def _history(self, items: Sequence[int]) -> csr_array:
        """A history of one purchase each; those that are not recommended say nothing. Shape (1, scored)."""
        counted = np.bincount(np.array(items, dtype=np.int64), minlength=len(self.histories.items))[self.columns]
        return csr_array(counted[None, :].astype(np.float64))

    def _alike(self, history: csr_array, own: NDArray[np.int64], among: NDArray[np.bool_] | None) -> _Group:
        found = peers_found(self.finder, history, own, self._most, among)
        rows = found.indices[np.argsort(-found.data, kind="stable")].astype(np.int64)
        return _Group(rows, "purchases" if len(rows) else "popularity", among)

    def _cold(self, customer_id: str, among: NDArray[np.bool_] | None) -> _Group:
        """Those who share most metadata; of equals all, so that no order of ids decides."""
        if self.metadata is None or not self.metadata.knows(customer_id):
            raise unknown_customer(customer_id, self.histories)
        similarity = self.metadata.similarity(customer_id, self.histories.customer_ids)
        similarity = similarity if among is None else np.where(among, similarity, 0)
        least = np.sort(similarity)[::-1][self._most - 1]
        rows = np.argsort(-similarity, kind="stable")
        rows = rows[similarity[rows] >= max(least, 1e-12)]
        return _Group(rows, "metadata" if len(rows) else "popularity", among)

    def _scored(self, history: csr_array, own: NDArray[np.int64], group: _Group) -> NDArray[np.float64]:
        """The blend; shape (scored,)."""
        if not history.nnz:
            bought = np.asarray(self.counts[group.rows].sum(axis=0), dtype=np.float64).reshape(1, -1)
            popular = self.recommenders["popularity"].scores(history, own)
            return np.asarray((standardised(np.log1p(bought)) + standardised(popular))[0])
        scores = {name: _within(self.recommenders[name], group.among).scores(history, own) for name in self.weights}
        return np.asarray(blended(scores, self.weights)[0])

    def _listed(
        self, customer_id: str, history: csr_array, own: NDArray[np.int64], group: _Group, asked: "_Asked"
    ) -> PeerItems:
        bought = history.toarray()[0]
        lately = np.asarray(self.lately[group.rows].sum(axis=0), dtype=np.float64).ravel()
        lift, low = lifts(lately, len(group.rows), self.base, self.config.least_prior)
        match asked.order:
            case Order.blend:
                scores = self._scored(history, own, group)
            case Order.lift:
                scores = np.where(lately >= LEAST_PEERS, lift, -np.inf)
        scores = scores if asked.seen else np.where(bought > 0, -np.inf, scores)
        found = [
            PeerItem(
                item=str(self.histories.items[self.columns[at]]),
                score=float(scores[at]),
                bought=int(bought[at]),
                peers_lately=int(lately[at]),
                peers=len(group.rows),
                base_rate=float(self.base[at]),
                lift=float(lift[at]),
                lift_low=float(low[at]),
            )
            for at in top(scores[None, :], asked.k)[0]
            if np.isfinite(scores[at])
        ]
        peers = tuple(self.histories.customer_ids[group.rows[: self._most]].tolist())
        return PeerItems(customer_id, tuple(found), peers, group.served_by)


@dataclass(frozen=True, slots=True)
class _Asked:
    """How the items are listed."""

    k: int
    seen: bool
    order: Order


def fit_peers(
    purchases: PurchaseHistories | Bank,
    config: PeersConfig | None = None,
    *,
    customers: pl.DataFrame | None = None,
    metadata: Collection[str] | None = None,
    roles: Mapping[str, ColumnRole] | None = None,
) -> PeerModel:
    """Fit all recommenders that the blend weighs.

    Args:
        purchases: histories, or a bank whose transactions are taken (`purchase_histories`).
        config: who counts as a peer, and how items are scored.
        customers: one row for each customer, with `customer_id`, for filters and for customers without purchases; by
            default the bank's.
        metadata: columns of `customers` by which customers without purchases get peers; by default `segment` and
            `region`, as far as they are there.
        roles: of the columns of `customers`; by default the bank's. Protected columns, and those that make links, are
            refused as metadata.

    Raises:
        DataError: if nothing was bought, or by too few to recommend anything, or a column is missing.
        SettingsError: if a column of the metadata may not be used.
    """
    config = config or PeersConfig()
    if isinstance(purchases, Bank):
        customers, roles = purchases.customers if customers is None else customers, roles or purchases.roles
        purchases = purchase_histories(purchases)
    known = None
    if customers is not None:
        named = [name for name in STORED_TEXTS if name in customers.columns] if metadata is None else list(metadata)
        known = CustomerMetadata.of(customers, named, roles or {})
    elif metadata:
        raise SettingsError("metadata are columns of customers, and no customers were given")
    columns = scored_items(purchases, config)
    every = purchases.counts
    counts = every[:, columns]
    lately = purchases.lately(config.lately_days)[:, columns]
    recommenders = fit_recommenders(counts, lately, config)
    weights = config.weights.given()
    return PeerModel(
        purchases,
        config,
        columns,
        counts,
        lately,
        np.asarray(lately.sum(axis=0), dtype=np.float64).ravel() / lately.shape[0],
        every,
        AlikeHistories.of(counts),
        recommenders,
        weights,
        known,
    )


def _within(recommender: Recommender, among: NDArray[np.bool_] | None) -> Recommender:
    """A recommender whose peers are drawn from some customers alone."""
    return (
        replace(recommender, among=among)
        if among is not None and isinstance(recommender, PeerPurchases)
        else recommender
    )
