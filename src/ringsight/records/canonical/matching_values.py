"""Values of an entity column that come after a bank was read, matched with those that the bank has."""

from collections.abc import Sequence
from dataclasses import replace

import polars as pl

from ringsight.records.bank import Bank, BankConfig, ColumnRole, ValueKind
from ringsight.records.canonical.forms import folded, tidy
from ringsight.records.canonical.kinds import kind_of
from ringsight.records.canonical.one_spelling import as_declared, forms_of
from ringsight.records.canonical.phones import phone_column
from ringsight.records.canonical.placeholders import reasons
from ringsight.records.value_declarations import ValueDeclarations
from ringsight.records.written import carried


class MatchingValues:
    """One key for every way to write a value of one evidence column: those of the bank, and those that come later.

    What stands for nothing, by its form or because the bank masks it, has no key.
    """

    def __init__(self, bank: Bank, column: str) -> None:
        """Learn from the bank: where its phones are from, and what it masks."""
        self._column = column
        self._declared = ValueDeclarations().merged(bank.read_as or BankConfig(path=bank.path))
        self._kind = self._declared.kinds.get(column, kind_of(column, ColumnRole.evidence))
        held = carried(bank.customers, column)
        if self._kind is ValueKind.phone and not self._declared.phone_region:
            region = phone_column(held["value"].unique().sort(), "").region
            self._declared = replace(self._declared, phone_region=region)
        masked = bank.written.placeholders.filter(pl.col("masked") & (pl.col("column") == column))
        self._masked: frozenset[str] = frozenset()
        self._masked = frozenset(filter(None, self._keys(masked["value"], masking=False)))
        keys = self._keys(held["value"].unique(maintain_order=True), masking=True)
        known = pl.DataFrame({"value": held["value"].unique(maintain_order=True), "key": keys})
        self.held = held.join(known, on="value").drop_nulls("key").select("customer_id", "key").unique()
        """Who has which value in the bank: customer_id and key, each once."""

    def keys(self, values: Sequence[str]) -> tuple[str, ...]:
        """The keys of one customer's values, sorted, without those that stand for nothing."""
        return tuple(sorted({key for key in self._keys(pl.Series(values, dtype=pl.String), masking=True) if key}))

    def _keys(self, values: pl.Series, *, masking: bool) -> list[str | None]:
        """In the order of the values; None for what stands for nothing, and with `masking` for what is masked."""
        frame = values.to_frame("raw").with_columns(written=tidy(pl.col("raw")))
        written = frame["written"].drop_nulls().unique().sort()
        if written.is_empty():
            return [None] * len(values)
        forms, _ = forms_of(written, self._column, self._kind, self._declared)
        if masking:
            forms = as_declared(forms.with_columns(reasons(forms, self._kind, ColumnRole.evidence)), self._declared)
            forms = forms.filter(pl.col("reason").is_null())
        forms = forms.select("written", key=folded(pl.col("value")))
        found = frame.join(forms, on="written", how="left", maintain_order="left")["key"].to_list()
        return [None if key in self._masked else key for key in found]
