"""Which customer a record names, where the two are not spelt alike; and what would make them meet."""

from collections.abc import Sequence
from enum import StrEnum
from itertools import combinations

import polars as pl

from ringsight.errors import DataError

FEWEST_PARTIES = 3
"""Counterparties that would be customers by a further rule, from which on it is asked about."""


class IdRule(StrEnum):
    """What of an id does not count when a record's customer is looked up; applied in this order."""

    blanks = "blanks"
    """Blanks around it."""
    fractions = "fractions"
    """The fraction of a whole number: 377906.0 is 377906."""
    leading_zeros = "leading_zeros"
    """Zeros before it: 00377906 is 377906."""
    letter_case = "letter_case"
    """The case of its letters."""


WORDS = {
    IdRule.blanks: "blanks around them",
    IdRule.fractions: "the fraction of whole numbers",
    IdRule.leading_zeros: "leading zeros",
    IdRule.letter_case: "the case of letters",
}
"""What is ignored under a rule."""


def reduced(ids: pl.Expr, rules: Sequence[IdRule]) -> pl.Expr:
    """Ids without what does not count."""
    for rule in (each for each in IdRule if each in rules):
        match rule:
            case IdRule.blanks:
                ids = ids.str.replace_all(r"^[\s\u{a0}\u{feff}]+|[\s\u{a0}\u{feff}]+$", "")
            case IdRule.fractions:
                ids = ids.str.replace(r"^(-?\d+)[.,]0+$", "${1}")
            case IdRule.leading_zeros:
                ids = ids.str.replace(r"^0+([^.,].*)$", "${1}")
            case IdRule.letter_case:
                ids = ids.str.to_lowercase()
    return ids


def refuse_alike(owners: pl.Series, rules: Sequence[IdRule], where: str) -> None:
    """Refuse rules under which two customers are one.

    Raises:
        DataError: naming two of them.
    """
    if not rules:
        return
    told = pl.DataFrame({"id": owners}).with_columns(reduced=reduced(pl.col("id"), rules))
    twice = told.filter(pl.col("reduced").is_duplicated()).sort("reduced", "id")
    if twice.height:
        raise DataError(
            f"customers {twice['id'][0]!r} and {twice['id'][1]!r} have one id, where {_ignored(rules)} do not count",
            where=where,
            remedy=f"leave {', '.join(rules)} out of ids_ignore, or give the two ids of their own",
        )


def named_customers(given: pl.Series, owners: pl.Series, rules: Sequence[IdRule]) -> pl.Series:
    """The customers whom records name, spelt as the customers table has them; as given where there is none.

    Args:
        given: of the records; Categorical.
        owners: the ids of all customers.
        rules: what does not count.
    """
    if not rules:
        return given
    ours = pl.DataFrame({"owner": owners}).with_columns(reduced=reduced(pl.col("owner"), rules))
    theirs = pl.DataFrame({"given": given.unique().drop_nulls().cast(pl.String)})
    theirs = theirs.with_columns(reduced=reduced(pl.col("given"), rules))
    met = theirs.join(ours, on="reduced", how="inner")
    return given.cast(pl.String).replace(met["given"], met["owner"]).cast(pl.Categorical)


def lacking_rules(given: pl.Series, owners: pl.Series, rules: Sequence[IdRule]) -> list[IdRule]:
    """The fewest further rules by which most more of the records would meet a customer; empty if none helps.

    Args:
        given: the customers whom records name, nulls left out; as text.
        owners: the ids of all customers.
        rules: those in force.
    """
    before, best, found = met_customers(given, owners, rules), 0, list[IdRule]()
    for size in (1, 2, 3):
        for further in combinations([rule for rule in IdRule if rule not in rules], size):
            met = met_customers(given, owners, [*rules, *further])
            if met > max(before, best):
                best, found = met, list(further)
        if best >= len(given):
            break
    return found if best > before and best - before > (len(given) - before) / 2 else []


def orphan_remarks(given: pl.Series, orphan: pl.Series, owners: pl.Series, rules: Sequence[IdRule]) -> list[str]:
    """What is to be said of rows that name no customer, where further rules would make most of them meet one.

    Args:
        given: the customers whom records name.
        orphan: which of them are none.
        owners: the ids of all customers.
        rules: those in force.
    """
    lost = given.filter(orphan).cast(pl.String)
    further = lacking_rules(lost, owners, rules)
    if not further:
        return []
    return [f"customer_id: {join_words(lost, owners, rules, further)} (ids_ignore, in bank.yaml)"]


def party_rules(given: pl.Series, owners: pl.Series, rules: Sequence[IdRule]) -> tuple[list[IdRule], int]:
    """The fewest further rules by which most more counterparties would be customers, and how many; none if too few.

    Args:
        given: the counterparties, each once, without nulls; as text. Most are shops and other banks' accounts.
        owners: the ids of all customers.
        rules: those in force.
    """
    blanks = [IdRule.blanks] if IdRule.blanks not in rules else []  # which do not count in any case
    before = met_customers(given, owners, [*rules, *blanks])
    best, found = before, list[IdRule]()
    alike = pl.select(reduced(pl.lit(owners), list(IdRule))).to_series().is_duplicated().any()
    if not alike and met_customers(given, owners, list(IdRule)) < before + FEWEST_PARTIES:
        return [], 0  # which spares most banks the rest
    for size in (1, 2, 3):
        for further in combinations([rule for rule in IdRule if rule not in (*rules, *blanks)], size):
            met = met_customers(given, owners, [*rules, *blanks, *further])
            if met > best:
                best, found = met, list(further)
    return (found, best - before) if best - before >= FEWEST_PARTIES else ([], 0)


def party_remarks(given: pl.Series, column: str, owners: pl.Series, rules: Sequence[IdRule]) -> list[str]:
    """What is to be said of counterparties that further rules would make customers."""
    parties = given.unique().drop_nulls().cast(pl.String)
    further, more = party_rules(parties, owners, rules)
    if not further:
        return []
    return [
        f"{column}: {more:,} more would be customers if {_ignored(further)} were ignored (ids_ignore, in bank.yaml)"
    ]


def join_words(given: pl.Series, owners: pl.Series, rules: Sequence[IdRule], further: Sequence[IdRule]) -> str:
    """How many records meet a customer, and how many would."""
    before, after = met_customers(given, owners, rules), met_customers(given, owners, [*rules, *further])
    missed, total = len(given) - before, len(given)
    return (
        f"{missed:,} of {total:,} rows name no customer; {after - before:,} of these {missed:,} would meet one if "
        f"{_ignored(further)} were ignored"
    )


def met_customers(given: pl.Series, owners: pl.Series, rules: Sequence[IdRule]) -> int:
    """How many records name one customer, and not two."""
    ours = pl.select(reduced(pl.lit(owners), rules)).to_series()
    if ours.is_duplicated().any():
        return 0
    return int(pl.select(reduced(pl.lit(given), rules)).to_series().is_in(ours.implode()).sum())


def _ignored(rules: Sequence[IdRule]) -> str:
    return " and ".join(WORDS[rule] for rule in IdRule if rule in rules)
