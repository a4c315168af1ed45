"""The entity columns of a customers table: one spelling of each value, several values in a cell, what is no value."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import polars as pl

from ringsight.errors import SettingsError
from ringsight.records.bank import ColumnRole, ValueKind
from ringsight.records.canonical.cells import held_values
from ringsight.records.canonical.emails import email_forms
from ringsight.records.canonical.forms import device_form, folded, iban_form, text_form, tidy
from ringsight.records.canonical.kinds import kind_of
from ringsight.records.canonical.phones import phone_column
from ringsight.records.canonical.placeholders import reasons
from ringsight.records.canonical.suspected import suspected
from ringsight.records.given_table import GivenTable
from ringsight.records.value_declarations import ValueDeclarations
from ringsight.records.written import PLACEHOLDERS, SPELLINGS, Written


def with_canonical_entities(
    customers: pl.DataFrame, roles: Mapping[str, ColumnRole], declared: ValueDeclarations, given: GivenTable
) -> tuple[pl.DataFrame, Written]:
    """Put one spelling of each value into the entity columns, and null for what stands for nothing.

    A value that is spelt in one way keeps that. Of phones, e-mail addresses, devices and account numbers that are spelt
    in several a form of their own stands for all, of other values the spelling that most customers have. Where a
    customer has several values, the column has the type List(String).

    Args:
        customers: with `customer_id`, as the bank gave them.
        roles: of the entity columns.
        declared: what the bank says of their values.
        given: the table, for errors.

    Raises:
        DataError: if a column holds records or bytes instead of values.
        SettingsError: if the phone region is no country, or a kind is declared of a column that has no role.
    """
    _check_columns(declared, roles, given)
    read = [_read(customers, column, role, declared, given) for column, role in roles.items()]
    told = _suspected(read, customers.height)
    strong = told.filter("masked")
    read = [each.without(strong) for each in read]
    placeholders = pl.concat([told.filter(~pl.col("masked")), *(each.placeholders() for each in read)])
    shown = [each for each in read if each.role is not ColumnRole.protected]
    spellings = [pl.DataFrame(schema=SPELLINGS), *(each.otherwise(customers["customer_id"]) for each in shown)]
    return customers.with_columns(each.as_column(customers.height) for each in read), Written(
        spellings=pl.concat(spellings).sort(list(SPELLINGS)),
        placeholders=placeholders.sort("customers", "column", "value", descending=[True, False, False]),
        remarks=tuple(remark for each in shown for remark in (*each.remarks, *each.told())),
    )


@dataclass(frozen=True, slots=True, eq=False)
class _ReadColumn:
    """One entity column, read."""

    column: str
    role: ColumnRole
    kind: ValueKind
    values: pl.DataFrame
    """What each customer has: row, raw, written (tidied), value (the spelling that stands for all), form (of its kind),
    reason (why it stands for nothing, null where it does not), settled (whether the bank declares either)."""
    remarks: Sequence[str]

    @property
    def kept(self) -> pl.DataFrame:
        """What does not stand for nothing."""
        return self.values.filter(pl.col("reason").is_null())

    def without(self, strong: pl.DataFrame) -> "_ReadColumn":
        """With further values that stand for nothing."""
        mine = strong.filter(pl.col("column") == self.column).select("value", "reason")
        values = self.values.join(mine, on="value", how="left", maintain_order="left", suffix="_too")
        return replace(self, values=values.with_columns(pl.coalesce("reason", "reason_too")).drop("reason_too"))

    def as_column(self, height: int) -> pl.Series:
        """The values by customer: strings, or lists of them where a customer has several."""
        held = self.kept.select("row", "value").unique(maintain_order=True)
        if held["row"].is_duplicated().any():
            held = held.group_by("row", maintain_order=True).agg("value")
        rows = pl.DataFrame({"row": pl.int_range(height, dtype=pl.UInt32, eager=True)})
        return rows.join(held, on="row", how="left", maintain_order="left")["value"].rename(self.column)

    def placeholders(self) -> pl.DataFrame:
        """What stands for nothing, in the columns of `PLACEHOLDERS`."""
        masked = self.values.filter(pl.col("reason").is_not_null()).group_by(key=folded(pl.col("written")))
        counted = masked.agg(
            value=pl.col("written").sort().first(),
            reason=pl.col("reason").first(),
            customers=pl.col("row").n_unique().cast(pl.Int64),
        )
        return counted.with_columns(column=pl.lit(self.column), masked=pl.lit(True)).select(list(PLACEHOLDERS))

    def otherwise(self, customer_ids: pl.Series) -> pl.DataFrame:
        """Where what was written is not what stands in the table, in the columns of `SPELLINGS`."""
        other = self.kept.filter(pl.col("raw") != pl.col("value")).unique(["row", "value", "raw"])
        return other.select(
            customer_id=customer_ids.gather(other["row"]), column=pl.lit(self.column), value="value", written="raw"
        )

    def told(self) -> Sequence[str]:
        """Say how many customers have several values, and how many values several spellings."""
        kept = self.kept
        customers = kept.group_by("row").agg(pl.col("value").n_unique()).filter(pl.col("value") > 1).height
        values = kept.group_by("value").agg(pl.col("raw").n_unique()).filter(pl.col("raw") > 1).height
        several = f"{self.column}: customers with several values, each of which counts: {customers:,}"
        spelt = f"{self.column}: values written in several ways, which count as one: {values:,}"
        return [*([several] if customers else []), *([spelt] if values else [])]


def _read(
    customers: pl.DataFrame, column: str, role: ColumnRole, declared: ValueDeclarations, given: GivenTable
) -> _ReadColumn:
    held, said = held_values(customers, column, declared.lists.get(column, ""), given)
    kind = declared.kinds.get(column, kind_of(column, role))
    tidied = held.with_columns(written=tidy(pl.col("raw"))).drop_nulls("written")
    forms, heard = forms_of(tidied["written"].unique().sort(), column, kind, declared)
    forms = as_declared(forms.with_columns(reasons(forms, kind, role)), declared)
    values = tidied.join(forms, on="written", how="left", maintain_order="left")
    values = values.with_columns(key=folded(pl.col("value")))
    values = values.join(_labels(values, kind), on="key", how="left", maintain_order="left")
    values = values.select("row", "raw", "written", "reason", "settled", form="value", value="label")
    return _ReadColumn(column, role, kind, values, (*said, *heard))


def _suspected(read: Sequence[_ReadColumn], customers: int) -> pl.DataFrame:
    """Values of evidence columns that stand for nothing by who carries them, or may; none that the bank has settled."""
    of_role = {
        role: [
            each.values.select("row", "value", "form", "settled", nothing=pl.col("reason").is_not_null()).with_columns(
                column=pl.lit(each.column), kind=pl.lit(str(each.kind))
            )
            for each in read
            if each.role is role
        ]
        for role in (ColumnRole.evidence, ColumnRole.innocent)
    }
    if not of_role[ColumnRole.evidence]:
        return pl.DataFrame(schema=PLACEHOLDERS)
    evidence = pl.concat(of_role[ColumnRole.evidence])
    innocent = pl.concat([evidence.clear(), *of_role[ColumnRole.innocent]]).filter(~pl.col("nothing"))
    settled = evidence.filter("settled").select("column", "value").unique()
    return suspected(evidence, innocent, customers).join(settled, on=["column", "value"], how="anti")


def _check_columns(declared: ValueDeclarations, roles: Mapping[str, ColumnRole], given: GivenTable) -> None:
    for column in (*declared.kinds, *declared.lists):
        if column not in roles:
            raise SettingsError(
                f"{column!r} has no role, and nothing is done with its values",
                where=given.where,
                remedy=f"declare entities: {{{column}: evidence}}; there are {', '.join(sorted(roles))}",
            )


def _labels(values: pl.DataFrame, kind: ValueKind) -> pl.DataFrame:
    """By key the spelling that stands for all: the only one; else a form of its own, or what most customers have."""
    counted = values.group_by("key", "value", "written").agg(customers=pl.col("row").n_unique())
    most = counted.sort("customers", "written", descending=[True, False]).group_by("key", maintain_order=True)
    labels = most.agg(pl.col("written").first(), pl.col("value").first(), several=pl.len() > 1)
    own_form = pl.col("several") if kind not in (ValueKind.text, ValueKind.identifier) else pl.lit(False)
    return labels.select("key", label=pl.when(own_form).then("value").otherwise("written"))


def forms_of(
    written: pl.Series, column: str, kind: ValueKind, declared: ValueDeclarations
) -> tuple[pl.DataFrame, list[str]]:
    """What was written, and the same in one spelling; and what is to be said of it."""
    frame = written.to_frame("written")
    match kind:
        case ValueKind.phone:
            phones = phone_column(written, declared.phone_region)
            return frame.with_columns(value=phones.values), phones.remarks(column)
        case ValueKind.email:
            return frame.with_columns(value=email_forms(written, declared.drop_email_tags)), []
        case ValueKind.device:
            form = device_form(pl.col("written"))
        case ValueKind.iban:
            form = iban_form(pl.col("written"))
        case ValueKind.text:
            form = text_form(pl.col("written"))
        case ValueKind.identifier:
            form = pl.col("written")
    return frame.with_columns(value=form), []


def as_declared(forms: pl.DataFrame, declared: ValueDeclarations) -> pl.DataFrame:
    """With reasons as the bank declares them, and whether it does; one spelling stands for all of its value."""
    forms = forms.with_columns(settled=pl.lit(False))
    for words, reason in ((declared.placeholders, "declared"), (declared.not_placeholders, None)):
        named = pl.Series([*words], dtype=pl.String).to_frame("word").select(folded(tidy(pl.col("word")))).to_series()
        spelt = folded(pl.col("written")).is_in(named.to_list()) | folded(pl.col("value")).is_in(named.to_list())
        meant = pl.col("value").is_in(forms.filter(spelt)["value"].to_list())
        forms = forms.with_columns(
            reason=pl.when(meant).then(pl.lit(reason, pl.String)).otherwise("reason"), settled=pl.col("settled") | meant
        )
    return forms
