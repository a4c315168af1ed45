"""How a bank writes its tables: what parts the cells, and how numbers, moments and paths are spelt."""

from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from ringsight.errors import SettingsError

TAB = "tab"
"""The word for a tabulator as delimiter."""
THOUSANDS = ("", ",", ".", " ", "'", "’", "_")
"""Signs that may part thousands; a blank stands for narrow and unbreakable ones too."""


class Dates(StrEnum):
    """How moments are written; ISO 8601 is read in any case."""

    iso = "iso"
    """2026-11-27 18:17:00, with or without a zone."""
    year_first = "year_first"
    """2026/11/27, 2026.11.27, 20261127."""
    day_first = "day_first"
    """27.11.2026 18:17, 27/11/26, 27-NOV-2026 06.17.00 PM."""
    month_first = "month_first"
    """11/27/2026 6:17 PM."""
    excel = "excel"
    """Days since 30 December 1899, as spreadsheets count."""
    unix_s = "unix_s"
    """Seconds since 1970."""
    unix_ms = "unix_ms"
    """Milliseconds since 1970."""
    unix_us = "unix_us"
    """Microseconds since 1970."""
    unix_hours = "unix_hours"
    """Hours since 1970; also the steps of an hour by which simulations count."""
    unix_days = "unix_days"
    """Days since 1970; also the steps of a day by which simulations count."""


class Minus(StrEnum):
    """How numbers below zero are written; a minus in front is read in any case."""

    leading = "leading"
    """-25.00"""
    brackets = "brackets"
    """(25.00)"""
    trailing = "trailing"
    """25.00-"""


class Plus(StrEnum):
    """What an amount above zero is to the customer."""

    received = "received"
    """Money that comes in."""
    paid = "paid"
    """Money that goes out, as in lists of payments where the customer is the payer."""


@dataclass(kw_only=True, slots=True)
class Dialect:
    """How a bank writes one table; by default as the data contract has it."""

    delimiter: str = ","
    """Between cells; `tab` for a tabulator, which files called .tsv have by default."""
    encoding: str = "utf-8"
    """Of text: utf-8, cp1252, utf-16 …"""
    lines_above: int = 0
    """Lines above the header."""
    lines_below: int = 0
    """Lines under the last row, such as totals."""
    decimal: str = "."
    """Sign before the fraction of a number: a point or a comma."""
    thousands: str = ""
    """Sign between thousands; empty for none."""
    minus: Minus = Minus.leading
    """How numbers below zero are written."""
    plus: Plus = Plus.received
    """What an amount above zero is to the customer: received or paid."""
    currency: str = ""
    """What stands beside every number and is no part of it: € or EUR."""
    dates: Dates = Dates.iso
    """How moments are written."""
    timezone: str = "UTC"
    """Of moments that say none, such as Europe/Berlin. An hour that comes twice is the earlier one."""
    path_prefix: str = ""
    """What stands before every path of an image and is no folder of the bank's, such as D:\\scans\\"""
    path_separator: str = "/"
    """Between the folders of an image's path: / or \\"""

    def __post_init__(self) -> None:
        """Refuse what can be no dialect.

        Raises:
            SettingsError: naming the first such word.
        """
        self.minus, self.dates, self.plus = Minus(self.minus), Dates(self.dates), Plus(self.plus)
        if self.delimiter != TAB and (len(self.delimiter) != 1 or self.delimiter in '"\r\n\0'):
            raise _refused("delimiter", self.delimiter, f"one sign, or {TAB}")
        try:
            "".encode(self.encoding)
        except (LookupError, ValueError) as error:
            raise _refused("encoding", self.encoding, "utf-8, cp1252, utf-16 or another that Python knows") from error
        if self.decimal not in (".", ",") or len(self.decimal) != 1:
            raise _refused("decimal", self.decimal, "a point or a comma")
        if self.thousands not in THOUSANDS or self.thousands == self.decimal:
            raise _refused(
                "thousands", self.thousands, "nothing or a sign that is not the decimal one: , . ' _ or a blank"
            )
        if any(character.isdigit() for character in self.currency):
            raise _refused("currency", self.currency, "a sign or a code, such as € or EUR")
        for name in ("lines_above", "lines_below"):
            if getattr(self, name) < 0:
                raise _refused(name, getattr(self, name), "a number of lines")
        if self.path_separator not in ("/", "\\") or len(self.path_separator) != 1:
            raise _refused("path_separator", self.path_separator, "/ or \\")
        try:
            ZoneInfo(self.timezone)
        except (ZoneInfoNotFoundError, ValueError, OSError) as error:
            raise _refused("timezone", self.timezone, "a name such as Europe/Berlin") from error

    @property
    def sign(self) -> str:
        """The delimiter as it stands in the file."""
        return "\t" if self.delimiter == TAB else self.delimiter

    def differences(self) -> dict[str, Any]:
        """What is not as by default, as `bank.yaml` says it."""
        default = asdict(Dialect())
        told = {name: value for name, value in asdict(self).items() if value != default[name]}
        return {name: str(value) if isinstance(value, StrEnum) else value for name, value in told.items()}


def _refused(name: str, value: object, wanted: str) -> SettingsError:
    return SettingsError(f"{name} of a dialect must be {wanted} (got {value!r})", where="dialects")
