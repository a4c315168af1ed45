"""Strata: customers who may fairly be compared, in groups large enough for the comparison to mean something."""

import polars as pl

MINIMUM = 50
"""Fewest customers of a stratum. The nearest of n neighbours gives log2(n) bits at most, and a permutation
within n leaves one in n where it was: below about fifty, chance can neither be excluded nor be shuffled."""
UNKNOWN = "unknown"
REST = "rest"


def strata(customers: pl.DataFrame, columns: list[str], minimum: int = MINIMUM) -> pl.Series:
    """Label each customer with a stratum: the values of `columns`, joined; an absent value counts as `unknown`.

    Columns that the bank has not given are left out; without any, all customers are in `rest`.
    Customers whose stratum has fewer than `minimum` members are grouped by one column less, among themselves,
    until none is left; who remains then is in `rest`. A `rest` that is itself too small takes in the smallest
    strata (ties by label) until it is large enough. So each stratum has at least `minimum` customers,
    unless the bank has fewer.

    Returns:
        Strings in the order of `customers`, named `stratum`; shape (customers,).
    """
    present = [column for column in columns if column in customers.columns]
    values = [pl.col(column).cast(pl.String).fill_null(UNKNOWN) for column in present]
    frame = (
        customers.select(*values, stratum=pl.lit(None, pl.String))
        if values
        else customers.select(stratum=pl.repeat(REST, pl.len()))
    )
    for depth in range(len(present), 0, -1):
        waiting = pl.when(pl.col("stratum").is_null()).then(pl.concat_str(present[:depth], separator=" | "))
        large = pl.len().over(waiting) >= minimum
        frame = frame.with_columns(stratum=pl.coalesce("stratum", pl.when(large).then(waiting)))
    return _with_sound_rest(frame["stratum"].fill_null(REST), minimum)


def _with_sound_rest(labels: pl.Series, minimum: int) -> pl.Series:
    """Let a `rest` that is too small take in the smallest strata."""
    sizes = labels.value_counts(name="size").sort("size", "stratum")
    rest = int(sizes.filter(pl.col("stratum") == REST)["size"].sum())
    taken: list[str] = []
    for stratum, size in sizes.filter(pl.col("stratum") != REST).iter_rows():
        if rest == 0 or rest >= minimum:
            break
        taken.append(stratum)
        rest += size
    return labels.replace(taken, REST) if taken else labels
