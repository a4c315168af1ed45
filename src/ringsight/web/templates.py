"""How pages are drawn: everything escaped, an unknown name an error, the report's pictures at hand."""

from datetime import datetime
from functools import cache
from urllib.parse import urlsplit

from jinja2 import ChoiceLoader, Environment, PackageLoader, StrictUndefined

from ringsight.explain.words import bits, percent, rate, signed, spoken
from ringsight.report.palette import COLOURS, NEUTRAL, PAINTS

KEPT = 2
"""Characters of a masked value that are shown."""


@cache
def environment() -> Environment:
    """The environment of all templates."""
    made = Environment(
        loader=ChoiceLoader([PackageLoader("ringsight.web"), PackageLoader("ringsight.report")]),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters |= {
        "bits": bits,
        "chance": rate,
        "host": host,
        "masked": masked,
        "moment": moment,
        "money": money,
        "percent": percent,
        "signed": signed,
        "spoken": spoken,
    }
    made.globals |= {"paints": (*PAINTS, NEUTRAL), "colours": COLOURS}
    return made


def masked(value: str) -> str:
    """A value that is told from others by its end alone; none of it where it is short."""
    return f"••••{value[-KEPT:]}" if len(value) > 3 * KEPT else "••••" if value else ""


def host(address: str) -> str:
    """The host of an address."""
    return urlsplit(address).netloc


def moment(at: datetime) -> str:
    """A moment, to the minute, in UTC."""
    return f"{at:%Y-%m-%d %H:%M}"


def money(amount: float) -> str:
    """An amount, whole."""
    return f"{amount:,.0f}"
