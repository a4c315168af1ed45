"""Phone numbers in one spelling, `+COUNTRY NUMBER`, as libphonenumber reads them."""

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
PLAIN = r"^\+[1-9][0-9 ./-]*$"
CODES = sorted(map(str, phonenumbers.COUNTRY_CODE_TO_REGION_CODE))
NUMBER = ("code", "rest", "extension")


class _Number(NamedTuple):
    code: str
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
    numbers = _international(_plain(written))
    abroad, home = numbers.filter(pl.col("code") != ""), numbers.filter(pl.col("code") == "")
    national = int(home["digits"].str.contains("[1-9]").sum())
    found = region.upper() or _dominant(abroad["code"], national)
    read = _same_rest(_in_country(_same_digits(home, abroad), found), abroad)
    forms = pl.concat([abroad, read]).sort("place").select(_form())["form"]
    return PhoneColumn(forms.rename(written.name), found, bool(found and not region), national, abroad.height)


def _dominant(codes: pl.Series, national: int) -> str:
    """The country that a column shows, in two letters; empty where it shows none."""
    if codes.is_empty() or len(codes) < national:
        return ""
    code, most = codes.value_counts(name="most").sort("most", codes.name, descending=[True, False]).row(0)
    region = phonenumbers.region_code_for_country_code(int(code))
    return region if most >= DOMINANT * len(codes) and region in phonenumbers.SUPPORTED_REGIONS else ""


def _plain(written: pl.Series) -> pl.DataFrame:
    """`place`, `text` (without `tel:`, with `+` for `00`, without the `.0` of a decimal number), and its `digits`."""
    text = pl.col("written").str.replace(r"^(?i)(?:tel|phone|mobile)\s*[:.]?\s*", "").str.replace(r"^(\d+)\.0$", "${1}")
    text = text.str.replace(r"^\(?00\)?[\s./-]*([1-9])", "+${1}").str.replace(r"^\(\+", "+(")
    frame = written.to_frame("written").with_row_index("place").select("place", text=text)
    other = frame.filter(pl.col("text").str.contains(r"[^\x00-\x7f]"))["text"].unique()
    ascii_digits = pl.Series([phonenumbers.normalize_digits_only(each) for each in other], dtype=pl.String)
    return frame.with_columns(digits=pl.col("text").replace(other, ascii_digits).str.replace_all("[^0-9]", ""))


def _international(spelt: pl.DataFrame) -> pl.DataFrame:
    """With `code`, `rest` and `extension` of the numbers that have a country code; `code` is empty elsewhere.

    Most are written so plainly that they are read at once, as libphonenumber would read them.
    """
    code = pl.when(pl.col("text").str.contains(PLAIN)).then(pl.col("digits").str.extract(f"^({'|'.join(CODES)})"))
    frame = spelt.with_columns(code=code).with_columns(rest=pl.col("digits").str.slice(pl.col("code").str.len_chars()))
    codes = frame["code"].unique().drop_nulls().sort().to_list()
    known = [(each, *_plain_numbers(int(each))) for each in codes]
    schema: dict[str, pl.DataType] = {"code": pl.String(), "lengths": pl.List(pl.UInt32()), "before": pl.String()}
    frame = frame.join(pl.DataFrame(known, schema, orient="row"), on="code", how="left", maintain_order="left")
    plain = pl.col("lengths").list.contains(pl.col("rest").str.len_chars())
    plain &= ~pl.col("rest").str.starts_with("0") & ~pl.col("rest").str.starts_with(pl.col("before"))
    frame = frame.with_columns(plain=plain.fill_null(False))
    texts = frame.filter(~pl.col("plain") & pl.col("text").str.starts_with("+"))
    return _with_numbers(
        frame.select(
            "place",
            "text",
            "digits",
            code=pl.when("plain").then("code").otherwise(pl.lit("")),
            rest=pl.when("plain").then("rest").otherwise(pl.lit("")),
            extension=pl.lit(""),
        ),
        {text: _parsed(text, None) for text in texts["text"]},
    )


@cache
def _plain_numbers(code: int) -> tuple[list[int], str]:
    """How many digits a country's numbers have behind its code, and what may stand before them; none if that varies."""
    region = phonenumbers.region_code_for_country_code(code)
    metadata = phonenumbers.PhoneMetadata.metadata_for_region_or_calling_code(code, region)
    before = metadata.national_prefix_for_parsing or "0" if metadata else ""
    if metadata is None or metadata.general_desc is None or not before.isdecimal():
        return [], "0"
    return list(metadata.general_desc.possible_length), before


def _same_digits(home: pl.DataFrame, abroad: pl.DataFrame) -> pl.DataFrame:
    """Numbers that have lost the `+` alone, and are in the column with it."""
    whole = abroad.unique("digits", keep="first", maintain_order=True).select("digits", *NUMBER)
    return _filled(home, whole, "digits")


def _same_rest(home: pl.DataFrame, abroad: pl.DataFrame) -> pl.DataFrame:
    """Long numbers without a country code that the column has with one, and with no other."""
    alone = abroad.select(NUMBER).unique().filter(pl.len().over("rest") == 1).with_columns(short="rest")
    alone = alone.filter(pl.col("rest").str.len_chars() >= UNMISTAKABLE)
    return _filled(home.with_columns(short=pl.col("digits").str.replace("^0", "")), alone, "short")


def _filled(home: pl.DataFrame, numbers: pl.DataFrame, on: str) -> pl.DataFrame:
    """With numbers where there are none yet."""
    joined = home.join(numbers, on=on, how="left", maintain_order="left", suffix="_found")
    new = pl.col("code") == ""
    found = (pl.when(new).then(pl.coalesce(f"{each}_found", each)).otherwise(each).alias(each) for each in NUMBER)
    return joined.select("place", "text", "digits", *found)


def _in_country(home: pl.DataFrame, region: str) -> pl.DataFrame:
    """Read the numbers that are left in a country."""
    left = home.filter((pl.col("code") == "") & pl.lit(bool(region)))["text"]
    return _with_numbers(home, {text: _national(text, region) for text in left})


def _national(text: str, region: str) -> _Number | None:
    """Read a number without `+` in a country.

    Where the country puts a 0 or the like before its numbers, one without it is believed if it is valid: `49-151-…` in
    Germany is rather a number that has lost its `+`.
    """
    digits, before = phonenumbers.normalize_digits_only(text), phonenumbers.ndd_prefix_for_region(region, True)
    number = _parsed(text, region)
    if before and digits.startswith(before):
        return number
    if digits.startswith(str(phonenumbers.country_code_for_region(region))) and (before or not number):
        whole = _parsed(f"+{digits}", None, valid=True)
        if whole is not None:
            return whole
    return _parsed(text, region, valid=True) if before else number


def _parsed(text: str, region: str | None, *, valid: bool = False) -> _Number | None:
    """What libphonenumber reads, if it may be a number by its length, or is a valid one."""
    try:
        number = phonenumbers.parse(text[:LONGEST], region)
    except phonenumbers.NumberParseException:
        return None
    if not (phonenumbers.is_valid_number(number) if valid else phonenumbers.is_possible_number(number)):
        return None
    rest = phonenumbers.national_significant_number(number)
    return _Number(str(number.country_code), rest, number.extension or "")


def _with_numbers(frame: pl.DataFrame, read: dict[str, _Number | None]) -> pl.DataFrame:
    """With what was read of some texts."""
    rows = [(text, *number) for text, number in read.items() if number is not None]
    schema = dict.fromkeys(("text", *(f"{each}_read" for each in NUMBER)), pl.String)
    joined = frame.join(pl.DataFrame(rows, schema, orient="row"), on="text", how="left", maintain_order="left")
    return joined.select("place", "text", "digits", *(pl.coalesce(f"{each}_read", each).alias(each) for each in NUMBER))


def _form() -> pl.Expr:
    number = pl.format("+{} {}", "code", "rest")
    number = pl.when(pl.col("extension") == "").then(number).otherwise(pl.format("{} x{}", number, "extension"))
    digits = pl.when((pl.col("digits") == "") | pl.col("text").str.contains(r"\p{L}")).then("text").otherwise("digits")
    return pl.when(pl.col("code") == "").then(digits).otherwise(number).alias("form")
