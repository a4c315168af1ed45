"""The entity columns of a customers table: one spelling of each value, several values in a cell, what is no value."""

from collections.abc import Mapping, Sequence

import polars as pl

from ringsight.errors import SettingsError
from ringsight.records.bank import ColumnRole, ValueKind
from ringsight.records.canonical.cells import held_values
from ringsight.records.canonical.emails import email_forms
from ringsight.records.canonical.forms import device_form, folded, iban_form, text_form, tidy
from ringsight.records.canonical.kinds import kind_of
from ringsight.records.canonical.phones import phone_column
from ringsight.records.canonical.placeholders import reasons
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
    spellings, placeholders = [pl.DataFrame(schema=SPELLINGS)], [pl.DataFrame(schema=PLACEHOLDERS)]
    columns, remarks = [], []
    for column, role in roles.items():
        held, said = held_values(customers, column, declared.lists.get(column, ""), given)
        kind = declared.kinds.get(column, kind_of(column, role))
        values, heard = _values(held, column, kind, role, declared)
        masked = values.filter(pl.col("reason").is_not_null())
        kept = values.filter(pl.col("reason").is_null())
        columns.append(_column(kept, column, customers.height))
        placeholders.append(_counted(masked, column))
        if role is not ColumnRole.protected:
            spellings.append(_otherwise(kept, column, customers["customer_id"]))
            remarks += [*said, *heard, *_told(kept, column)]
    table = customers.with_columns(columns)
    return table, Written(
        spellings=pl.concat(spellings).sort(list(SPELLINGS)),
        placeholders=pl.concat(placeholders).sort("customers", "column", "value", descending=[True, False, False]),
        remarks=tuple(remarks),
    )


def _check_columns(declared: ValueDeclarations, roles: Mapping[str, ColumnRole], given: GivenTable) -> None:
    for column in (*declared.kinds, *declared.lists):
        if column not in roles:
            raise SettingsError(
                f"{column!r} has no role, and nothing is done with its values",
                where=given.where,
                remedy=f"give it one: bank.entities.{column}=evidence; there are {', '.join(sorted(roles))}",
            )


def _values(
    held: pl.DataFrame, column: str, kind: ValueKind, role: ColumnRole, declared: ValueDeclarations
) -> tuple[pl.DataFrame, list[str]]:
    """What each customer has: row, raw, value, and reason where that stands for nothing."""
    tidied = held.with_columns(written=tidy(pl.col("raw"))).drop_nulls("written")
    forms, remarks = _forms(tidied["written"].unique().sort(), column, kind, declared)
    forms = forms.with_columns(reasons(forms, kind, role))
    forms = _as_declared(forms, declared)
    values = tidied.join(forms, on="written", how="left", maintain_order="left")
    values = values.with_columns(key=folded(pl.col("value")))
    values = values.join(_labels(values, kind), on="key", how="left", maintain_order="left")
    return values.select("row", "raw", "written", "reason", value="label"), remarks


def _labels(values: pl.DataFrame, kind: ValueKind) -> pl.DataFrame:
    """By key the spelling that stands for all: the only one; else a form of its own, or what most customers have."""
    counted = values.group_by("key", "value", "written").agg(customers=pl.col("row").n_unique())
    most = counted.sort("customers", "written", descending=[True, False]).group_by("key", maintain_order=True)
    labels = most.agg(pl.col("written").first(), pl.col("value").first(), several=pl.len() > 1)
    own_form = pl.col("several") if kind not in (ValueKind.text, ValueKind.identifier) else pl.lit(False)
    return labels.select("key", label=pl.when(own_form).then("value").otherwise("written"))


def _forms(
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


def _as_declared(forms: pl.DataFrame, declared: ValueDeclarations) -> pl.DataFrame:
    """With reasons as the bank declares them; one spelling stands for all of its value."""
    for words, reason in ((declared.placeholders, "declared"), (declared.not_placeholders, None)):
        named = pl.Series([*words], dtype=pl.String).to_frame("word").select(folded(tidy(pl.col("word")))).to_series()
        spelt = folded(pl.col("written")).is_in(named.to_list()) | folded(pl.col("value")).is_in(named.to_list())
        values = forms.filter(spelt)["value"].to_list()
        forms = forms.with_columns(
            reason=pl.when(pl.col("value").is_in(values)).then(pl.lit(reason, pl.String)).otherwise("reason")
        )
    return forms


def _column(kept: pl.DataFrame, column: str, height: int) -> pl.Series:
    """The values by customer: strings, or lists of them where a customer has several."""
    each = kept.select("row", "value").unique(maintain_order=True)
    if each["row"].is_unique().all():  # no customer has two
        values = pl.DataFrame({"row": range(height)}, schema={"row": pl.UInt32}).join(each, on="row", how="left")
    else:
        lists = each.group_by("row", maintain_order=True).agg("value")
        values = pl.DataFrame({"row": range(height)}, schema={"row": pl.UInt32}).join(lists, on="row", how="left")
    return values.sort("row")["value"].rename(column)


def _counted(masked: pl.DataFrame, column: str) -> pl.DataFrame:
    counted = masked.group_by(folded(pl.col("written")).alias("key")).agg(
        value=pl.col("written").sort().first(), reason=pl.col("reason").first(), customers=pl.col("row").n_unique()
    )
    told = counted.with_columns(pl.col("customers").cast(pl.Int64), column=pl.lit(column), masked=pl.lit(True))
    return told.select(list(PLACEHOLDERS))


def _otherwise(kept: pl.DataFrame, column: str, customer_ids: pl.Series) -> pl.DataFrame:
    """Where what was written is not what stands in the table."""
    other = kept.filter(pl.col("raw") != pl.col("value")).unique(["row", "value", "raw"])
    return other.select(
        customer_id=customer_ids.gather(other["row"]), column=pl.lit(column), value="value", written="raw"
    )


def _told(kept: pl.DataFrame, column: str) -> Sequence[str]:
    """Say how many customers have several values, and how many values several spellings."""
    customers = kept.group_by("row").agg(pl.col("value").n_unique()).filter(pl.col("value") > 1).height
    values = kept.group_by("value").agg(pl.col("raw").n_unique()).filter(pl.col("raw") > 1).height
    told = [f"{column}: customers with several values, each of which counts: {customers:,}"] if customers else []
    return [*told, *([f"{column}: values written in several ways, which count as one: {values:,}"] if values else [])]
