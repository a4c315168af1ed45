"""Personal values taken out of a text: what a customer's row holds, and what looks like an address or a number.

A value gives way to the name of its column, as `<phone>`. It is a rule, and finds what tables know: a third person who
is in no table stays named.
"""

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Self

import polars as pl

from ringsight.records.bank import Bank, ColumnRole
from ringsight.records.written import carried

SHORTEST = 4
"""Characters of a value that is looked for; shorter ones are in every text."""
SHORTEST_NAME = 3
"""Letters of a word that is looked for among protected values."""
EMAIL = re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+")
IBAN = re.compile(r"\b[A-Z]{2}\d{2}(?: ?[A-Z0-9]{4}){2,7}(?: ?[A-Z0-9]{1,4})?\b")
NUMBER = re.compile(r"(?<![\w.])\+?\(?\d(?:[ ()/.-]{0,2}\d){4,}(?!\w)")
"""Five digits or more, as in phones, cards, accounts and dates."""
WORD = re.compile(r"[^\W\d_]+")


@dataclass(frozen=True, slots=True, eq=False)
class Masker:
    """What is personal in a bank's customers table."""

    values: Mapping[str, tuple[tuple[str, str], ...]]
    """Customer -> column and value, of every column that has a role; the longest value first."""
    names: Mapping[str, str]
    """Word of anybody's protected value -> the column."""

    @classmethod
    def of(cls, bank: Bank) -> Self:
        """Of a bank's customers, in the bank's spelling and in that of the table."""
        values: dict[str, set[tuple[str, str]]] = {}
        names: dict[str, str] = {}
        for customer, column, value in _personal(bank):
            values.setdefault(customer, set()).add((column, value))
            if bank.roles.get(column) is ColumnRole.protected:
                words = WORD.findall(value)
                names |= {word: column for word in words if len(word) >= SHORTEST_NAME and word not in names}
        longest = {customer: sorted(mine, key=lambda each: (-len(each[1]), each)) for customer, mine in values.items()}
        return cls({customer: tuple(mine) for customer, mine in longest.items()}, names)

    def masked(self, text: str, customers: Collection[str], *, numbers: bool = True) -> str:
        """A text without personal values.

        Args:
            text: to mask.
            customers: whose own values are looked for; words of protected values are looked for of everybody.
            numbers: whether e-mail addresses, IBANs and numbers of five digits or more go too, whosever they are.
        """
        if numbers:
            text = NUMBER.sub("<number>", IBAN.sub("<iban>", EMAIL.sub("<email>", text)))
        for column, value in sorted(
            {each for customer in customers for each in self.values.get(customer, ())},
            key=lambda each: (-len(each[1]), each),
        ):
            spaced = r"\s+".join(map(re.escape, value.split()))
            text = re.sub(rf"(?<!\w){spaced}(?!\w)", f"<{column}>", text, flags=re.IGNORECASE)
        return WORD.sub(self._named, text)

    def _named(self, word: re.Match[str]) -> str:
        column = self.names.get(word[0])
        return f"<{column}>" if column else word[0]


def _personal(bank: Bank) -> Iterator[tuple[str, str, str]]:
    """Customer, column and value, of every value that is long enough to look for."""
    for column in bank.roles:
        if column in bank.customers.columns:
            held = carried(bank.customers, column).filter(pl.col("value").str.len_chars() >= SHORTEST)
            yield from (
                (customer, column, value) for customer, value in held.select("customer_id", "value").iter_rows()
            )
    spelt = bank.written.spellings.filter(pl.col("written").str.len_chars() >= SHORTEST)
    yield from spelt.select("customer_id", "column", "written").iter_rows()
