"""What the transaction encoder sees, and what it must not depend on."""

from pathlib import Path

import numpy as np
import polars as pl
import pytest
from tiny_bank import tiny_bank

from ringsight.encoders.settings import TrainerConfig, TransactionsConfig
from ringsight.encoders.transaction_features import transaction_features
from ringsight.encoders.transactions import embed_transactions, reconstruction_error, train_transactions
from ringsight.records.bank import Bank, BankConfig
from ringsight.records.reading import read_bank
from ringsight.records.views import split_views

pytestmark = pytest.mark.slow

CONFIG = TransactionsConfig(dim=16, hidden=32, counterparty_dim=64, thinned_pairs=2, epochs=15, batch=64)
CPU = TrainerConfig(accelerator="cpu")


def with_transactions(bank: Bank, transactions: pl.DataFrame) -> Bank:
    return bank.with_records(transactions=transactions)


@pytest.fixture(scope="module")
def shops(tmp_path_factory: pytest.TempPathFactory) -> Bank:
    """Forty customers, each of four shops of their own."""
    return tiny_bank(tmp_path_factory.mktemp("shops"), customers=40)


@pytest.fixture(scope="module")
def trained(shops: Bank, tmp_path_factory: pytest.TempPathFactory) -> Path:
    part = tmp_path_factory.mktemp("model") / "transactions"
    train_transactions(shops, CONFIG, CPU, 0, part)
    return part


def test_the_order_of_rows_in_the_file_does_not_count(shops: Bank, trained: Path, tmp_path: Path) -> None:
    vectors = []
    for seed in (1, 2):
        folder = tmp_path / str(seed)
        folder.mkdir()
        shops.customers.drop("stratum").write_parquet(folder / "customers.parquet")
        shops.transactions.sample(fraction=1, shuffle=True, seed=seed).write_parquet(folder / "transactions.parquet")
        vectors.append(embed_transactions(read_bank(BankConfig(path=folder)), trained)[0].vectors)
    np.testing.assert_allclose(vectors[0], vectors[1], atol=1e-5)
    np.testing.assert_allclose(vectors[0], embed_transactions(shops, trained)[0].vectors, atol=1e-5)


def test_the_names_of_transactions_do_not_count(shops: Bank, trained: Path, tmp_path: Path) -> None:
    renamed = with_transactions(
        shops, shops.transactions.with_columns(transaction_id=pl.lit("t") + pl.int_range(pl.len()).cast(pl.String))
    )
    np.testing.assert_array_equal(
        embed_transactions(renamed, trained)[0].vectors, embed_transactions(shops, trained)[0].vectors
    )
    train_transactions(renamed, CONFIG, CPU, 0, tmp_path / "part")
    assert (tmp_path / "part" / "hash").read_text() == (trained / "hash").read_text()


def test_the_names_of_customers_do_not_count(shops: Bank) -> None:
    renamed = shops.transactions.with_columns(customer_id=pl.lit("x") + pl.col("customer_id"))
    before, after = transaction_features(shops.transactions, 64), transaction_features(renamed, 64)
    np.testing.assert_array_equal(before.measured, after.measured)
    np.testing.assert_array_equal(before.counterparties.toarray().sum(0), after.counterparties.toarray().sum(0))


@pytest.mark.parametrize("column", ["category", "channel", "counterparty_id"])
def test_a_column_that_never_was_is_no_hindrance(shops: Bank, tmp_path: Path, column: str) -> None:
    poorer = with_transactions(shops, shops.transactions.drop(column))
    train_transactions(poorer, CONFIG, CPU, 0, tmp_path / "part")
    assert len(embed_transactions(poorer, tmp_path / "part")[0].vectors) == 34
    assert len(embed_transactions(shops, tmp_path / "part")[0].vectors) == 34  # the column has come since


@pytest.mark.parametrize("column", ["category", "channel"])
def test_a_column_that_is_lost_counts_as_nothing_known_in_it(shops: Bank, trained: Path, column: str) -> None:
    lost = with_transactions(shops, shops.transactions.drop(column))
    unknown = with_transactions(shops, shops.transactions.with_columns(pl.lit("never seen").alias(column)))
    np.testing.assert_allclose(
        embed_transactions(lost, trained)[0].vectors, embed_transactions(unknown, trained)[0].vectors, atol=1e-6
    )


def test_a_lost_counterparty_column_and_unknown_counterparties_embed(shops: Bank, trained: Path) -> None:
    lost = with_transactions(shops, shops.transactions.drop("counterparty_id"))
    unknown = with_transactions(
        shops, shops.transactions.with_columns(counterparty_id=pl.lit("new-") + pl.col("counterparty_id"))
    )
    for other in (lost, unknown):
        assert len(embed_transactions(other, trained)[0].customer_ids) == 34


def test_unknown_counterparties_tie_customers_who_share_them(shops: Bank, trained: Path) -> None:
    tied = with_transactions(
        shops,
        shops.transactions.with_columns(
            counterparty_id=pl.when(pl.col("customer_id").is_in(["c000", "c001"]))
            .then(pl.lit("ring-shop"))
            .otherwise("counterparty_id")
        ),
    )
    ties = []
    for bank in (shops, tied):
        vectors = embed_transactions(bank, trained)[0].vectors
        ties.append(float(vectors[0] @ vectors[1]))
    assert ties[1] > ties[0] + 0.2


def test_two_halves_of_one_history_are_nearer_than_strangers(shops: Bank, trained: Path) -> None:
    first, second = (embed_transactions(view, trained)[0].vectors for view in split_views(shops))
    similarity = first @ second.T
    nearest = similarity.argmax(axis=1)
    assert np.mean(nearest == np.arange(len(nearest))) > 0.9
    strangers = similarity[~np.eye(len(similarity), dtype=bool)]
    assert np.diag(similarity).mean() > strangers.mean() + 0.3


def test_one_transaction_each_is_enough(shops: Bank, tmp_path: Path) -> None:
    single = with_transactions(shops, shops.transactions.group_by("customer_id", maintain_order=True).first())
    single = with_transactions(single, single.transactions.select(shops.transactions.columns))
    train_transactions(single, CONFIG, CPU, 0, tmp_path / "part")
    assert len(embed_transactions(single, tmp_path / "part")[0].vectors) == 34


def test_absurd_behaviour_is_redrawn_badly(shops: Bank, trained: Path) -> None:
    ids, usual = reconstruction_error(shops, trained)
    absurd = with_transactions(
        shops,
        shops.transactions.with_columns(
            amount=pl.when(pl.col("customer_id") == "c000").then(1e9).otherwise("amount"),
            timestamp=pl.when(pl.col("customer_id") == "c000").then(pl.datetime(2024, 1, 31, 3)).otherwise("timestamp"),
        ),
    )
    _, errors = reconstruction_error(absurd, trained)
    assert ids[0] == "c000"
    assert errors[0] > 2 * usual[0]
    assert errors[0] == errors.max()
    np.testing.assert_allclose(errors[1:], usual[1:], atol=1e-5)


def test_nobody_has_no_error(shops: Bank, trained: Path) -> None:
    ids, errors = reconstruction_error(with_transactions(shops, shops.transactions.clear()), trained)
    assert len(ids) == len(errors) == 0
