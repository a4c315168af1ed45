"""Transfers: transactions whose counterparty is a customer of the bank.

A customer's transaction with another customer is one leg of a transfer. Where the bank books both, the sender's debit
and the receiver's credit, the two are one transfer.
"""

import polars as pl

from ringsight.records.bank import Bank

TRANSFERS: dict[str, pl.DataType] = {
    "sender": pl.String(),
    "receiver": pl.String(),
    "timestamp": pl.Datetime("us"),
    "amount": pl.Float64(),
    "transaction_ids": pl.List(pl.String),
}
"""`amount` is positive; `transaction_ids` are those of one leg, or of both."""
NEEDED = {"transaction_id", "customer_id", "timestamp", "amount", "counterparty_id"}


def transfers_between(bank: Bank) -> pl.DataFrame:
    """The transfers between customers, by sender, receiver and time.

    A counterparty is a customer if it is the customer's id, but for blanks around it; the reader has seen to what else
    does not count (`ids_ignore`). The k-th debit of a sum from one customer to another and the k-th credit of it are
    the two legs of one transfer, which counts by the earlier time. Of what a customer pays into an account of their
    own, or of nothing, there is no transfer.

    Returns:
        Columns of `TRANSFERS`; no rows where the bank names no counterparty that is a customer.
    """
    transactions = bank.transactions
    if not NEEDED.issubset(transactions.columns) or transactions.is_empty():
        return pl.DataFrame(schema=TRANSFERS)
    return _paired(_legs(transactions, bank.customers["customer_id"]))


def _legs(transactions: pl.DataFrame, customer_ids: pl.Series) -> pl.DataFrame:
    """Transactions between customers, each with who pays whom and its place among those alike."""
    customers = pl.DataFrame({"other": customer_ids.cast(pl.String)})
    named = pl.col("counterparty_id").cast(pl.String).str.strip_chars()
    own = pl.col("customer_id").cast(pl.String)
    pays = pl.col("amount") < 0
    return (
        transactions.lazy()
        .select(
            pl.col("transaction_id").cast(pl.String),
            pl.col("timestamp").cast(pl.Datetime("us")),
            own=own,
            other=named,
            debit=pays,
            amount=pl.col("amount").abs(),
        )
        .join(customers.lazy(), on="other", how="semi")
        .filter((pl.col("own") != pl.col("other")) & (pl.col("amount") > 0))
        .with_columns(
            sender=pl.when("debit").then("own").otherwise("other"),
            receiver=pl.when("debit").then("other").otherwise("own"),
            cents=(pl.col("amount") * 100).round(),
        )
        .sort("sender", "receiver", "cents", "debit", "timestamp", "transaction_id")
        .with_columns(place=pl.int_range(pl.len()).over("sender", "receiver", "cents", "debit"))
        .collect()
    )


def _paired(legs: pl.DataFrame) -> pl.DataFrame:
    return (
        legs.sort("debit", descending=True, maintain_order=True)
        .group_by("sender", "receiver", "cents", "place", maintain_order=True)
        .agg(pl.col("timestamp").min(), pl.col("amount").first(), transaction_ids=pl.col("transaction_id"))
        .sort("sender", "receiver", "timestamp", "cents", "place")
        .select(*TRANSFERS)
        .cast(pl.Schema(TRANSFERS))
    )
