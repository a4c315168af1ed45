"""Similar customers of a run: who is asked about, in which store, by which model, among which customers."""

from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ringsight.errors import DataError, ModelError, SettingsError
from ringsight.online.similar import (
    SimilarConfig,
    SimilarCustomers,
    SpaceWeights,
    most_similar,
    stored_vectors,
    unknown,
    vectors_of_records,
    with_newcomer,
)
from ringsight.records.bank import Bank, BankConfig, Customers
from ringsight.records.reading import read_bank, read_customers
from ringsight.runs.run import Run
from ringsight.vectors.opening import open_filled
from ringsight.vectors.ranking import Ranking
from ringsight.vectors.vector_store import StoreConfig


def similar(
    run: Run | Path | str,
    customer_id: str,
    *,
    k: int = 5,
    where: str = "",
    weights: Mapping[str, float] | None = None,
    ranking: Ranking = Ranking.weighted,
    records: Bank | Path | str | None = None,
    store: StoreConfig | None = None,
) -> SimilarCustomers:
    """The customers most like one, best first, with what they have in common.

    Args:
        run: whose store holds the customers' vectors.
        customer_id: whom they should be like.
        k: how many.
        where: only those who fit, as `region == 'EU' and last_seen > '2026-05-01'` (docs/store.md).
        weights: space -> how much it counts; by default the joint space alone, or with `rrf` every modality alike.
        ranking: how several spaces make one order.
        records: for a customer who is not in the store: a folder in the data contract with that customer's records.
        store: another store than the run's own.

    Returns:
        k of them, fewer where fewer fit.

    Raises:
        DataError: if there is no such customer, or the records hold none.
        SettingsError: if the filter or the weights make no sense.
        StoreError: if the store is not there, in use or unreachable.
    """
    run = run if isinstance(run, Run) else Run(run)
    try:
        counted = SpaceWeights(**dict(weights or {}))
    except TypeError as error:
        raise SettingsError(f"weights name a space that there is not: {', '.join(weights or {})}") from error
    config = SimilarConfig(k=k, where=where, weights=counted, ranking=ranking)
    if isinstance(records, Path | str):
        records = read_bank(BankConfig(path=Path(records)), fewest=1)
    return ask(run, customer_id, config, records=records, store=store)


def ask(
    run: Run,
    customer_id: str,
    config: SimilarConfig,
    *,
    records: Bank | None = None,
    bank: Path | None = None,
    model: Path | None = None,
    store: StoreConfig | None = None,
) -> SimilarCustomers:
    """As `similar`, with another bank or another model than the run's.

    Args:
        run: whose store holds the customers' vectors.
        customer_id: whom they should be like.
        config: which to look for.
        records: of a customer who is not in the store.
        bank: folder of the bank, to tell what they have in common; by default the one that the run was made from.
        model: embeds `records`; by default the run's.
        store: another store than the run's own.

    Raises:
        RingsightError: as `similar` does.
    """
    customers = _customers(run, bank)
    with open_filled(run.store(store)) as opened:
        if records is None:
            queries = stored_vectors(opened, customer_id)
            if not queries:
                raise _absent(run, customer_id, customers)
        else:
            queries = vectors_of_records(records, model or run.model, customer_id)
            customers = with_newcomer(customers, records) if customers else None
        found = most_similar(opened, queries, config, customers)
    return SimilarCustomers(customer_id, found, tuple(queries), customers is not None)


def _customers(run: Run, bank: Path | None) -> Customers | None:
    """Those of the bank named, else of the one that the run was made from; None if it is not there any more."""
    if bank is None and not (run.bank_folder and run.bank_folder.is_dir()):
        return None
    return read_customers(run.bank_config(bank))


def _absent(run: Run, customer_id: str, customers: Customers | None) -> DataError:
    """The error of a customer without a vector in the store."""
    if customers is None:
        return unknown(customer_id, _embedded(run), str(run.paths.embeddings))
    if customer_id in customers.customer_ids:
        return DataError(
            f"customer {customer_id!r} is in no space of the store: the run found no records of theirs",
            where=str(customers.path),
            remedy=f"`ringsight embed bank.path={customers.path} out={run.folder}` embeds the records there are now",
        )
    return unknown(customer_id, customers.customer_ids, str(customers.path))


def _embedded(run: Run) -> NDArray[np.str_]:
    """Ids of the customers who have a vector in any space."""
    with suppress(ModelError):
        return np.unique(np.concatenate([each.customer_ids for each in run.embeddings().values()]))
    return np.empty(0, dtype=np.str_)
