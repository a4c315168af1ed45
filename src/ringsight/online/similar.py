"""The customers most like one: nearest in the spaces asked for, among those who fit a filter."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from difflib import get_close_matches
from pathlib import Path
from typing import overload

import numpy as np
import polars as pl
from numpy.typing import NDArray

from ringsight.detection.html_table import html_table
from ringsight.errors import DataError, SettingsError
from ringsight.online.common import CommonValue, in_common
from ringsight.records.bank import Bank, Customers
from ringsight.records.canonical.one_spelling import with_canonical_entities
from ringsight.records.contract import CUSTOMERS, modalities
from ringsight.records.declarations import declared
from ringsight.records.embeddings import JOINT, Embeddings
from ringsight.records.given_table import GivenTable
from ringsight.records.passed_over import counted
from ringsight.records.value_declarations import ValueDeclarations
from ringsight.vectors.filters import parse_filter
from ringsight.vectors.ranking import Ranked, Ranking, rank_neighbours
from ringsight.vectors.vector_store import VectorStore


@dataclass(kw_only=True, slots=True)
class SpaceWeights:
    """How much each space counts; 0 leaves it out."""

    transactions: float = 0.0
    """Weight of the transactions."""
    notes: float = 0.0
    """Weight of the call notes."""
    id_images: float = 0.0
    """Weight of the ID images."""
    joint: float = 0.0
    """Weight of the joint space."""

    def __post_init__(self) -> None:
        """Refuse weights that are negative or not finite.

        Raises:
            SettingsError: naming the first.
        """
        for space, weight in asdict(self).items():
            if not 0 <= weight < np.inf:
                raise SettingsError(f"weights.{space} must not be negative (got {weight})")

    def given(self) -> dict[str, float]:
        """Space -> its weight, where it has one."""
        return {space: weight for space, weight in asdict(self).items() if weight}


@dataclass(kw_only=True, slots=True)
class SimilarConfig:
    """Which customers to look for."""

    k: int = 5
    """How many."""
    where: str = ""
    """Only those who fit: for instance region == 'EU' and last_seen > '2026-05-01'."""
    ranking: Ranking = Ranking.weighted
    """How several spaces make one order. `weighted`: mean similarity in the spaces that both customers are in. `rrf`:
    reciprocal ranks, summed."""
    weights: SpaceWeights = field(default_factory=SpaceWeights)
    """What makes the order, for instance weights={notes: 1, id_images: 2}. By default the joint space alone, or with
    `rrf` every modality alike."""

    def __post_init__(self) -> None:
        """Refuse what cannot be asked.

        Raises:
            SettingsError: if k is not positive, or the filter makes no sense.
        """
        if self.k < 1:
            raise SettingsError(f"k must be at least 1 (got {self.k})")
        if self.where:
            parse_filter(self.where)


@dataclass(frozen=True, slots=True)
class Similar:
    """A customer like the one asked about."""

    customer_id: str
    score: float
    """What the order is by: a mean of cosine similarities, or a sum of reciprocal ranks."""
    similarities: dict[str, float]
    """Space -> cosine similarity; spaces that either is not in are left out."""
    ranks: dict[str, int]
    """Space -> place among all who fit, 1 for the nearest; left out where it is beyond the nearest few hundred."""
    nearest: str
    """The modality in which it has the best place; empty if it has none."""
    common: tuple[CommonValue, ...]
    """Values that both carry, evidence first."""


@dataclass(frozen=True, slots=True)
class SimilarCustomers(Sequence[Similar]):
    """The customers most like one, best first."""

    customer_id: str
    """Whom they are like."""
    found: tuple[Similar, ...]
    spaces: tuple[str, ...]
    """In which the customer has a vector."""
    compared: bool
    """Whether it was looked up what they have in common: the bank's customers were there."""

    @overload
    def __getitem__(self, index: int) -> Similar: ...
    @overload
    def __getitem__(self, index: slice) -> tuple[Similar, ...]: ...
    def __getitem__(self, index: int | slice) -> Similar | tuple[Similar, ...]:
        """One of them, or some."""
        return self.found[index]

    def __len__(self) -> int:
        """How many were found."""
        return len(self.found)

    def __repr__(self) -> str:
        """Who they are, in a line."""
        return f"SimilarCustomers({self.customer_id}: {', '.join(each.customer_id for each in self) or 'nobody'})"

    def _repr_html_(self) -> str:
        """The customers as a table, for a notebook."""
        rows = [
            {"customer": each.customer_id, "score": round(each.score, 4)}
            | {space: round(each.similarities[space], 3) if space in each.similarities else "" for space in self.spaces}
            | {"in common": ", ".join(f"{common.column} {common.value}" for common in each.common)}
            for each in self
        ]
        return html_table(f"Most like {self.customer_id}", pl.DataFrame(rows, strict=False))


def most_similar(
    store: VectorStore, queries: Mapping[str, Embeddings], config: SimilarConfig, customers: Customers | None = None
) -> tuple[Similar, ...]:
    """The customers most like one, best first.

    Where at most 16,384 customers fit the filter all of them are compared; beyond, an approximate index (HNSW, IVF)
    may miss some.

    Args:
        store: holds the others.
        queries: space -> the customer's vector there: `stored_vectors`, or `vectors_of_records`.
        config: which to look for.
        customers: the bank's, to tell what they have in common; if the customer is new, `with_newcomer`.

    Returns:
        k of them, fewer where fewer fit or are in the weighted spaces.

    Raises:
        SettingsError: if the customer is in none of the weighted spaces.
        RingsightError: as `VectorStore.search` does.
    """
    weights = config.weights.given() or _default_weights(queries, config.ranking)
    where = parse_filter(config.where) if config.where else None
    ranked = rank_neighbours(store, queries, config.k, weights, config.ranking, where)
    customer_id = str(next(iter(queries.values())).customer_ids[0])
    found = [str(each) for each in ranked.customer_ids]
    common = in_common(customers, customer_id, found) if customers else dict.fromkeys(found, ())
    return tuple(_similar(ranked, row, common[other]) for row, other in enumerate(found))


def stored_vectors(store: VectorStore, customer_id: str) -> dict[str, Embeddings]:
    """Space -> a stored customer's vector there; empty if the customer is in no space."""
    found = {space: store.get(space, np.array([customer_id])) for space in store.spaces()}
    return {space: each for space, each in found.items() if len(each.customer_ids)}


def vectors_of_records(records: Bank, model: Path, customer_id: str) -> dict[str, Embeddings]:
    """Embed a customer by a model: space -> the vector there, of the searched spaces that the records suffice for.

    Notes that the model cannot read are passed over, and said, as a run does.

    Args:
        records: the customer's, and maybe others'.
        model: folder of the model that filled the store.
        customer_id: the customer.

    Raises:
        DataError: if the records have no such customer, or none of the customer's own.
        ModelError: if the model is missing or damaged.
    """
    from ringsight.encoders.settings import NotesConfig
    from ringsight.encoders.unread_notes import mark_unread_notes
    from ringsight.fusion.embed import embed_bank, model_hash

    if customer_id not in records.customer_ids:
        raise unknown(customer_id, records.customer_ids, str(records.path))
    made_by = model_hash(model)
    told = mark_unread_notes(records, model, NotesConfig())
    embedded = {space: _one(each, customer_id, made_by) for space, each in embed_bank(told, model).items()}
    queries = {space: each for space, each in embedded.items() if each.learned and len(each.customer_ids)}
    if not queries:
        silent = [reason for reasons in counted(told.passed_over).values() for reason in reasons]
        raise DataError(
            f"customer {customer_id!r} has no records that the model can embed"
            + (f"; some are passed over: {', '.join(silent)}" if silent else ""),
            where=str(records.path),
            remedy="give transactions, call_notes or id_images of the customer",
        )
    return queries


def with_newcomer(customers: Customers, records: Bank) -> Customers:
    """A bank's customers with those of `records` beside them; those of the same id are replaced.

    Values that are one, as the bank's settings have it, are spelt in one way again.
    """
    others = customers.table.filter(~pl.col("customer_id").is_in(records.customers["customer_id"].to_list()))
    newcomers = records.customers
    for column in customers.roles.keys() & set(newcomers.columns):  # in which somebody may have several values
        if (others.schema[column] == pl.String) != (newcomers.schema[column] == pl.String):
            others, newcomers = (_as_lists(table, column) for table in (others, newcomers))
    table = pl.concat([others, newcomers], how="diagonal_relaxed")
    values = declared(customers.read_as).values if customers.read_as else ValueDeclarations()
    given = GivenTable(CUSTOMERS.name, customers.path)
    table, _ = with_canonical_entities(table.sort("customer_id"), customers.roles, values, given)
    return replace(customers, table=table)


def _as_lists(table: pl.DataFrame, column: str) -> pl.DataFrame:
    several = table.schema[column].is_nested()
    return table if several else table.with_columns(pl.concat_list(pl.col(column).cast(pl.String)))


def unknown(customer_id: str, known: NDArray[np.str_], where: str) -> DataError:
    """The error of a customer who is not there, naming those whose ids are spelt alike."""
    near = get_close_matches(customer_id, known.tolist(), n=3)
    perhaps = f"did you mean {' or '.join(near)}? " if near else ""
    return DataError(
        f"there is no customer {customer_id!r}",
        where=where,
        remedy=f"{perhaps}a customer who is new is embedded from records=FOLDER, a folder with that customer's records",
    )


def _one(embeddings: Embeddings, customer_id: str, made_by: str) -> Embeddings:
    """A customer's vector, if there is one, as made by the model whose hash is `made_by`."""
    rows = np.flatnonzero(embeddings.customer_ids == customer_id)
    return replace(
        embeddings, customer_ids=embeddings.customer_ids[rows], vectors=embeddings.vectors[rows], model_hash=made_by
    )


def _default_weights(queries: Mapping[str, Embeddings], ranking: Ranking) -> dict[str, float]:
    if ranking is Ranking.weighted and JOINT in queries:
        return {JOINT: 1.0}
    return {space: 1.0 for space in queries if space != JOINT} or dict.fromkeys(queries, 1.0)


def _similar(ranked: Ranked, row: int, common: tuple[CommonValue, ...]) -> Similar:
    similarities = {space: float(each[row]) for space, each in ranked.similarities.items() if np.isfinite(each[row])}
    ranks = {space: int(each[row]) for space, each in ranked.ranks.items() if each[row]}
    placed = [space for space in modalities() if space in ranks]
    return Similar(
        customer_id=str(ranked.customer_ids[row]),
        score=float(ranked.scores[row]),
        similarities=similarities,
        ranks=ranks,
        nearest=min(placed, key=lambda space: (ranks[space], -similarities[space])) if placed else "",
        common=common,
    )
