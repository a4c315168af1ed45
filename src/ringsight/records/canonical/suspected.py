"""Values that may stand for nothing, by who carries them: told, and masked only where two things say so.

A phone that eight customers share is either a ring's or what an agent types where nobody gave a number, and who carries
it can hardly tell which: in both cases they need share nothing else. So no value is masked for being shared, or for
what its carriers lack. It is *told* where

- at least `FEWEST` carry it, and many of them have a placeholder in another evidence column while few others do
  (`LACKING`): who leaves one field blank leaves others;
- more carry it than a ring has members, and no two of them share another value of an evidence column;
- its form says little: two or three different characters, or half of it a row of digits;
- all its carriers have one value of an innocent column in common, which so many would hardly share by chance
  (`BY_CHANCE`): the one branch or channel that types it.

It is *masked* where its form says little and its carriers have placeholders elsewhere: two witnesses that do not depend
on each other. What is lost so is a ring whose phone looks typed and whose members gave no other address of theirs
besides; it is told of. And it is masked where the same word, without a digit, stands in evidence columns of different
kinds, for nothing is a device and a cookie at once. We know of no published rule; the bounds were chosen so that
made-up banks with rings lose none (`tests/records/test_suspected.py`).
"""

from itertools import groupby, pairwise

import polars as pl

from ringsight.records.canonical.forms import folded
from ringsight.records.written import PLACEHOLDERS

FEWEST = 5
"""Carriers of whom anything can be told."""
RING = 12
"""Members of a ring at most (`detect.largest`)."""
LACKING = (0.5, 0.1)
"""Share of the carriers with a placeholder elsewhere at least, and of all others at most."""
BY_CHANCE = 1e-6
"""Probability that all carriers have a value in common."""
LONG = 10
"""Letters and digits of a value that may be expected to be of more than three kinds."""
ROW = 6
"""Digits in a row that say little, if they are half of a value."""


def suspected(evidence: pl.DataFrame, innocent: pl.DataFrame, customers: int) -> pl.DataFrame:
    """Values of evidence columns that may stand for nothing, and those that do.

    Args:
        evidence: column, kind, row (of the customer), value, form (as its kind writes it), and nothing: whether it is
            a placeholder by its form.
        innocent: column, row and value of innocent columns.
        customers: of the bank.

    Returns:
        Columns of `PLACEHOLDERS`: a row for each value, the reasons joined.
    """
    something = evidence.filter(~pl.col("nothing"))
    held = something.select("column", "row", "value").unique()
    carriers = something.group_by("column", "value").agg(
        customers=pl.col("row").n_unique().cast(pl.Int64), form=pl.col("form").first()
    )
    words = _words(evidence).join(carriers, on=["column", "value"])
    common = carriers.filter(pl.col("customers") >= FEWEST)
    rows = held.join(common.drop("form"), on=["column", "value"])
    found = common.with_columns(
        little=pl.Series([says_little(form) for form in common["form"]], dtype=pl.Boolean),
        lacking=_among(common, _lacking(rows, evidence, customers)),
        alone=_among(common, _alone(rows, held)),
        typed=_among(common, _typed(rows, innocent, customers)),
    )
    why = pl.concat_str(
        pl.when("little").then(pl.lit("its form says little")),
        pl.when("lacking").then(pl.lit("its carriers have placeholders in other columns")),
        pl.when("alone").then(pl.lit("many carry it, and share nothing else")),
        pl.when("typed").then(pl.lit("all its carriers are of one branch, channel or the like")),
        separator=", ",
        ignore_nulls=True,
    )
    told = found.select("column", "value", "customers", reason=why, masked=pl.col("little") & pl.col("lacking"))
    in_words = words.with_columns(reason=pl.lit("the same word in columns of different kinds"), masked=pl.lit(True))
    both = pl.concat([each.select(list(PLACEHOLDERS)) for each in (in_words, told.filter(pl.col("reason") != ""))])
    return both.unique(["column", "value"], keep="first", maintain_order=True)


def says_little(form: str) -> bool:
    """Whether a value has two different letters or digits at most, a long one three, or half of it is a row of digits.

    Args:
        form: as its kind writes it; of a phone what follows the country code counts, of a mailbox its name.
    """
    signs = [sign for sign in form.partition("@")[0].rpartition(" ")[2].casefold() if sign.isalnum()]
    if len(set(signs)) <= (2 if len(signs) < LONG else 3):
        return True
    steps = [(int(b) - int(a)) % 10 if (a + b).isdecimal() else None for a, b in pairwise(signs)]
    longest = max((len(list(row)) + 1 for step, row in groupby(steps) if step in (0, 1, 9)), default=0)
    return longest >= max(ROW, len(signs) / 2)


def _among(common: pl.DataFrame, found: pl.DataFrame) -> pl.Series:
    """Which of the common values are among those found."""
    marked = common.join(
        found.select("column", "value", hit=True), on=["column", "value"], how="left", maintain_order="left"
    )
    return marked["hit"].fill_null(False)


def _words(evidence: pl.DataFrame) -> pl.DataFrame:
    """Values without a digit that two customers or more have in columns of different kinds."""
    spelt = evidence.select("column", "kind", "row", "value", word=folded(pl.col("value")))
    spelt = spelt.filter(~pl.col("word").str.contains(r"[\d@]"))
    shared = spelt.group_by("column", "kind", "word").agg(pl.col("row").n_unique()).filter(pl.col("row") > 1)
    several = shared.group_by("word").agg(pl.col("kind").n_unique()).filter(pl.col("kind") > 1)
    return spelt.join(several, on="word", how="semi").select("column", "value").unique()


def _lacking(rows: pl.DataFrame, evidence: pl.DataFrame, customers: int) -> pl.DataFrame:
    """Values of whose carriers many have a placeholder in another column, while few others do."""
    nothing = evidence.filter("nothing").select("row", other="column").unique()
    elsewhere = rows.join(nothing, on="row").filter(pl.col("column") != pl.col("other"))
    lack = elsewhere.group_by("column", "value", "customers").agg(lack=pl.col("row").n_unique())
    columns = pl.DataFrame({"column": evidence["column"].unique()})
    every = columns.join(nothing, how="cross").filter(pl.col("column") != pl.col("other"))
    lack = lack.join(every.group_by("column").agg(all=pl.col("row").n_unique()), on="column")
    many, few = LACKING
    share = pl.col("lack") / pl.col("customers")
    of_others = (pl.col("all") - pl.col("lack")) / pl.max_horizontal(customers - pl.col("customers"), 1)
    return lack.filter((share >= many) & (of_others <= few))


def _alone(rows: pl.DataFrame, held: pl.DataFrame) -> pl.DataFrame:
    """Values of more carriers than a ring has, no two of whom share a value of another column."""
    many = rows.filter(pl.col("customers") > RING)
    others = many.join(held.select("row", other="column", too="value"), on="row").filter(
        pl.col("column") != pl.col("other")
    )
    shared = others.group_by("column", "value", "other", "too").len().filter(pl.col("len") > 1)
    return many.select("column", "value").unique().join(shared, on=["column", "value"], how="anti")


def _typed(rows: pl.DataFrame, innocent: pl.DataFrame, customers: int) -> pl.DataFrame:
    """Values whose carriers have one value of an innocent column in common that they would hardly share by chance."""
    each = innocent.select("row", other="column", too="value").unique()
    shares = each.group_by("other", "too").agg(share=pl.len() / customers)
    common = rows.join(each, on="row").group_by("column", "value", "customers", "other", "too").len()
    whole = common.filter(pl.col("len") == pl.col("customers")).join(shares, on=["other", "too"])
    return whole.filter(pl.col("share").pow(pl.col("customers")) <= BY_CHANCE).select("column", "value").unique()
