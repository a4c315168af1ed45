"""The two views of a bank: disjoint, together the whole."""

import polars as pl

from ringsight.records.bank import Bank
from ringsight.records.views import split_views


def test_views_are_disjoint_and_together_the_whole(sound_bank: Bank, modality: str) -> None:
    first, second = split_views(sound_bank)
    whole = sound_bank.table(modality)
    key = whole.columns[0]
    assert first.table(modality).join(second.table(modality), on=key).is_empty()
    both = pl.concat([first.table(modality), second.table(modality)])
    assert both.sort(key).equals(whole.sort(key))


def test_views_keep_all_customers_and_the_order(sound_bank: Bank) -> None:
    for view in split_views(sound_bank):
        assert view.customers.equals(sound_bank.customers)
        assert view.transactions.equals(view.transactions.sort("customer_id", "timestamp", "transaction_id"))


def test_transactions_are_halved_by_time(sound_bank: Bank) -> None:
    first, second = split_views(sound_bank)
    last = first.transactions.group_by("customer_id").agg(last=pl.col("timestamp").max(), early=pl.len())
    next_ = second.transactions.group_by("customer_id").agg(next=pl.col("timestamp").min(), late=pl.len())
    both = last.join(next_, on="customer_id", how="left")
    assert both.select((pl.col("last") <= pl.col("next")).all()).item()
    assert set((both["early"].cast(int) - both["late"].fill_null(0).cast(int)).to_list()) == {0, 1}


def test_notes_alternate_and_a_single_one_is_in_the_first_view(sound_bank: Bank) -> None:
    first, second = split_views(sound_bank)
    for customer, count in sound_bank.notes.group_by("customer_id").len().iter_rows():
        in_order = sound_bank.notes.filter(customer_id=customer)["note_id"].to_list()
        assert first.notes.filter(customer_id=customer)["note_id"].to_list() == in_order[0::2]
        assert second.notes.filter(customer_id=customer)["note_id"].to_list() == in_order[1::2]
        assert count > 1 or customer not in second.notes["customer_id"]
    assert second.id_images.is_empty() and first.id_images.height == 10


def test_a_bank_without_records_has_empty_views(sound_bank: Bank) -> None:
    bare = sound_bank.with_records(
        transactions=sound_bank.transactions.clear(),
        notes=sound_bank.notes.clear(),
        id_images=sound_bank.id_images.clear(),
    )
    for view in split_views(bare):
        assert view.transactions.is_empty() and view.notes.schema == sound_bank.notes.schema
