"""The two views of a customer: disjoint parts of one history, which one hand has left."""

import polars as pl

from ringsight.records.bank import Bank


def split_views(bank: Bank) -> tuple[Bank, Bank]:
    """Part each customer's records in two disjoint views.

    Transactions: the first half of the customer's history, by time, and the second; of an odd number
    the first view has one more. Notes and images: alternately, in their order of time. So whoever has one
    record of a modality has it in the first view only. Each view keeps all customers, and the tables' order.
    """
    place = pl.int_range(pl.len()).over("customer_id")
    early = bank.transactions.select(place * 2 < pl.len().over("customer_id")).to_series()
    even_note = bank.notes.select(place % 2 == 0).to_series()
    even_image = bank.id_images.select(place % 2 == 0).to_series()
    first, second = (
        bank.with_records(
            transactions=bank.transactions.filter(early == side),
            notes=bank.notes.filter(even_note == side),
            id_images=bank.id_images.filter(even_image == side),
        )
        for side in (True, False)
    )
    return first, second
