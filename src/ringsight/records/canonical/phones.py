"""Phone numbers in one spelling, `+COUNTRY NUMBER`, as libphonenumber reads them."""

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from typing import NamedTuple

import phonenumbers
import polars as pl

from ringsight.errors import SettingsError

DOMINANT = 0.9
"""Share of the numbers with a country code that must have one and the same, for numbers without to be of it."""
UNMISTAKABLE = 9
"""Digits behind the country code by which a number without one is known to be the same."""

LONGEST = 250
"""Characters that libphonenumber is given to read."""
NAMED = re.compile(r"^(?:tel|phone|mobile)\s*[:.]?\s*", re.IGNORECASE)
DECIMAL = re.compile(r"^(\d+)\.0$")
ABROAD = re.compile(r"^\(?00\)?[\s./-]*(?=[1-9])")
NO_DIGIT = re.compile(r"\D+")
PLAIN = re.compile(r"\+[1-9][0-9 ./-]*")
CODES = frozenset(map(str, phonenumbers.COUNTRY_CODE_TO_REGION_CODE))


class _Number(NamedTuple):
    code: int
    rest: str
    extension: str


@dataclass(frozen=True, slots=True)
class PhoneColumn:
    """The numbers of one column."""

    values: pl.Series
    """In one spelling; in the order of what was written."""
    region: str
    """Country of the numbers without a country code, in two letters; empty where it is not known."""
    inferred: bool
    """Whether the column itself told the country."""
    national: int
    """Spellings without a country code,"""
    international: int
    """and with one."""

    def remarks(self, column: str) -> list[str]:
        """What a person should know of how the numbers without a country code were read."""
        if not self.national or not (self.international or self.region):
            return []
        if not self.region:
            said = "have no country code and are compared by their digits; bank.phone_region names their country"
        elif self.inferred:
            said = f"have no country code and are taken for {self.region}'s, as most others are (bank.phone_region)"
        else:
            said = f"have no country code and are taken for {self.region}'s"
        return [f"{column}: {self.national:,} of {self.national + self.international:,} numbers {said}"]


def phone_column(written: pl.Series, region: str) -> PhoneColumn:
    """Read the distinct spellings of a column.

    A number with a country code (`+49 …`, `0049 …`) says which number it is; one without (`0151 …`) does only with a
    country. Where none is set, it is the one that the column shows: at least half of its spellings have a country
    code, and `DOMINANT` of these the same. Otherwise people may write numbers abroad with a code and those at home
    without, and what has no code is compared by its digits; so is what libphonenumber takes for no number of the
    country. In every column `49151…` is `+49 151…` where that is there too, and `0151…` is the only one with a country
    code that goes on so, if `UNMISTAKABLE` digits do.

    Args:
        written: tidied values, each once.
        region: of numbers without a country code, in two letters; empty for what the column shows.

    Raises:
        SettingsError: if there is no such country.
    """
    if region and region.upper() not in phonenumbers.SUPPORTED_REGIONS:
        raise SettingsError(
            f"{region!r} is no country with phone numbers",
            where="bank.phone_region",
            remedy="give its two letters of ISO 3166, for example bank.phone_region=DE",
        )
    spelt = [_plain(each) for each in written.to_list()]
    digits = [_digits(each) for each in spelt]
    read = [_international(each) for each in spelt]
    codes = Counter(number.code for number in read if number is not None)
    national = sum(number is None and len(set(each)) > 1 for number, each in zip(read, digits, strict=True))
    found = region.upper() or _dominant(codes, national)
    whole = {each: number for number, each in zip(read, digits, strict=True) if number is not None}
    alone = _without_code(whole.values())
    forms = [
        _form(number or whole.get(each) or _in_country(text, found) or alone.get(each.removeprefix("0")), text)
        for number, text, each in zip(read, spelt, digits, strict=True)
    ]
    values = pl.Series(written.name, forms, dtype=pl.String)
    return PhoneColumn(values, found, bool(found and not region), national, codes.total())


def _dominant(codes: Counter[int], national: int) -> str:
    """The country that a column shows, in two letters; empty where it shows none."""
    if not codes or codes.total() < national:
        return ""
    code, most = max(codes.items(), key=lambda each: (each[1], -each[0]))
    region = phonenumbers.region_code_for_country_code(code)
    return region if most >= DOMINANT * codes.total() and region in phonenumbers.SUPPORTED_REGIONS else ""


def _without_code(numbers: Iterable[_Number]) -> dict[str, _Number]:
    """Numbers by what stands behind the country code, where it is long and no other country has it."""
    by_rest: dict[str, set[_Number]] = {}
    for number in numbers:
        by_rest.setdefault(number.rest, set()).add(number)
    return {rest: next(iter(same)) for rest, same in by_rest.items() if len(same) == 1 and len(rest) >= UNMISTAKABLE}


def _plain(written: str) -> str:
    """Without `tel:`, with `+` for `00`, and whole where a table took it for a decimal number."""
    if written.startswith("+"):
        return written
    return ABROAD.sub("+", DECIMAL.sub(r"\1", NAMED.sub("", written)))


def _international(text: str) -> _Number | None:
    if not text.startswith(("+", "(+")):
        return None
    if PLAIN.fullmatch(text):  # many times as quickly as by libphonenumber
        digits = _digits(text)
        code = next((digits[:size] for size in (1, 2, 3) if digits[:size] in CODES), "")
        rest = digits[len(code) :]
        if code and _is_plain(int(code), rest):
            return _Number(int(code), rest, "")
    return _parsed(text, None)


def _is_plain(code: int, rest: str) -> bool:
    """Whether what follows a country code is as long as its numbers are, and has nothing before it."""
    lengths, before = _plain_numbers(code)
    return len(rest) in lengths and not rest.startswith(("0", before or "0"))


@cache
def _plain_numbers(code: int) -> tuple[frozenset[int], str]:
    """How many digits a country's numbers have behind its code, and what may stand before them; none if that varies."""
    region = phonenumbers.region_code_for_country_code(code)
    metadata = phonenumbers.PhoneMetadata.metadata_for_region_or_calling_code(code, region)
    before = metadata.national_prefix_for_parsing or "" if metadata else ""
    if metadata is None or metadata.general_desc is None or (before and not before.isdecimal()):
        return frozenset(), ""
    return frozenset(metadata.general_desc.possible_length), before


def _in_country(text: str, region: str) -> _Number | None:
    """Read a number without `+` in a country.

    Where the country puts a 0 or the like before its numbers, one without it is believed if it is valid: `49-151-…` in
    Germany is rather a number that has lost its `+`.
    """
    if not region:
        return None
    digits, before = _digits(text), phonenumbers.ndd_prefix_for_region(region, True)
    number = _parsed(text, region)
    if before and digits.startswith(before):
        return number
    if digits.startswith(str(phonenumbers.country_code_for_region(region))) and (before or not number):
        whole = _parsed(f"+{digits}", None, valid=True)
        if whole is not None:
            return whole
    return _parsed(text, region, valid=True) if before else number


def _digits(text: str) -> str:
    """The digits, as ASCII has them."""
    digits: str = NO_DIGIT.sub("", text) if text.isascii() else phonenumbers.normalize_digits_only(text)
    return digits


def _parsed(text: str, region: str | None, *, valid: bool = False) -> _Number | None:
    """What libphonenumber reads, if it may be a number by its length, or is a valid one."""
    try:
        number = phonenumbers.parse(text[:LONGEST], region)
    except phonenumbers.NumberParseException:
        return None
    if not (phonenumbers.is_valid_number(number) if valid else phonenumbers.is_possible_number(number)):
        return None
    rest = phonenumbers.national_significant_number(number)
    return _Number(number.country_code or 0, rest, number.extension or "")


def _form(number: _Number | None, text: str) -> str:
    if number is None:
        return text if any(map(str.isalpha, text)) else _digits(text) or text
    return f"+{number.code} {number.rest}" + (f" x{number.extension}" if number.extension else "")
