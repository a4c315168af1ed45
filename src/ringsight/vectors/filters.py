"""Filters over what stands beside each vector: a small language, parsed and typed once, then rendered for each store.

    region == 'EU' and last_seen > '2026-05-01'
    not (segment in ['retail', 'student'] or customer_id == 'C0001')

Text is compared with quoted text, by code point; a moment with a quoted date or date and time (UTC unless it names its
zone), or with whole seconds since 1970. What is not known is empty text, or second 0: it equals nothing else, and is
neither before nor after anything.

A filter is never handed on as it was written: Milvus gets an expression made anew from what was parsed
(`milvus.expressions`), of known columns alone and with every value apart or escaped; the in-memory twin gets a Polars
expression.
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from difflib import get_close_matches
from operator import ge, gt, le, lt

import polars as pl

from ringsight.errors import SettingsError
from ringsight.records.contract import STORED_TEXTS
from ringsight.vectors.filter_tokens import Token, TokenKind, refuse, tokens
from ringsight.vectors.scalars import NUMBERS

COLUMNS = ("customer_id", *STORED_TEXTS, *NUMBERS)
"""What can be filtered by."""
MAX_DEPTH = 40
"""Parentheses, and parts of the expression, inside one another; a Milvus server fails from about fifty."""
ORDERS = {"<": lt, "<=": le, ">": gt, ">=": ge}


@dataclass(frozen=True, slots=True)
class OneOf:
    """The column is one of these values."""

    column: str
    values: tuple[str | int, ...]
    """All text, or all seconds since 1970."""


@dataclass(frozen=True, slots=True)
class Ordered:
    """The column is known, and stands so to a value."""

    column: str
    order: str
    """`<`, `<=`, `>` or `>=`."""
    value: str | int


@dataclass(frozen=True, slots=True)
class Not:
    """The other does not hold."""

    part: "Filter"


@dataclass(frozen=True, slots=True)
class And:
    """The one holds, and the other."""

    one: "Filter"
    other: "Filter"


@dataclass(frozen=True, slots=True)
class Or:
    """The one holds, or the other."""

    one: "Filter"
    other: "Filter"


Filter = OneOf | Ordered | Not | And | Or


def parse_filter(text: str) -> Filter:
    """Read a filter.

    Raises:
        SettingsError: naming the character at which it stops making sense, what was expected there, and the columns.
    """
    parsed = _Parser(text).whole()
    if _height(parsed) > MAX_DEPTH:
        raise refuse(text, len(text), f"at most {MAX_DEPTH} parts inside one another")
    return parsed


def unknown_value(column: str) -> str | int:
    """What a column holds where nothing is known."""
    return 0 if column in NUMBERS else ""


def polars_expression(condition: Filter) -> pl.Expr:
    """A filter over a table of scalars (`scalars_beside`)."""
    match condition:
        case OneOf(column, values):
            return pl.col(column).is_in(list(values))
        case Ordered(column, order, value):
            stands: pl.Expr = ORDERS[order](pl.col(column), value)
            return (pl.col(column) != unknown_value(column)) & stands
        case Not(part):
            return ~polars_expression(part)
        case And(one, other):
            return polars_expression(one) & polars_expression(other)
        case Or(one, other):
            return polars_expression(one) | polars_expression(other)


def _height(condition: Filter) -> int:
    """Levels of the expression that Milvus gets."""
    match condition:
        case OneOf():
            return 1
        case Ordered():
            return 2
        case Not(part):
            return 1 + _height(part)
        case And(one, other) | Or(one, other):
            return 1 + max(_height(one), _height(other))


def _balanced(join: type[And] | type[Or], parts: list[Filter]) -> Filter:
    """Parts joined two by two, so that a long list makes no deep tree."""
    if len(parts) == 1:
        return parts[0]
    middle = len(parts) // 2
    return join(_balanced(join, parts[:middle]), _balanced(join, parts[middle:]))


class _Parser:
    """Recursive descent: `or` binds less than `and`, `and` less than `not`."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._tokens = tokens(text)
        self._at = 0
        self._depth = 0

    def whole(self) -> Filter:
        found = self._any()
        if self._next.kind is not TokenKind.end:
            raise self._refused("`and`, `or` or the end")
        return found

    @property
    def _next(self) -> Token:
        return self._tokens[self._at]

    def _taken(self, *words: str) -> str:
        """The next token if it is one of these keywords or signs, and step over it; else the empty string."""
        token = self._next
        if token.kind in (TokenKind.word, TokenKind.sign) and token.text.lower() in words:
            self._at += 1
            return token.text.lower()
        return ""

    def _need(self, *words: str) -> str:
        taken = self._taken(*words)
        if not taken:
            raise self._refused(" or ".join(f"`{word}`" for word in words))
        return taken

    def _any(self) -> Filter:
        parts = [self._all()]
        while self._taken("or"):
            parts.append(self._all())
        return _balanced(Or, parts)

    def _all(self) -> Filter:
        parts = [self._one()]
        while self._taken("and"):
            parts.append(self._one())
        return _balanced(And, parts)

    def _one(self) -> Filter:
        start = self._next
        opened = self._taken("not", "(")
        if not opened:
            return self._comparison()
        self._depth += 1
        if self._depth > MAX_DEPTH:
            raise refuse(self._text, start.start, f"at most {MAX_DEPTH} parts inside one another")
        inner = Not(self._one()) if opened == "not" else self._any()
        if opened == "(":
            self._need(")")
        self._depth -= 1
        return inner

    def _comparison(self) -> Filter:
        column = self._column()
        operator = self._taken("==", "!=", *ORDERS, "in") or ("not" + self._taken("in") if self._taken("not") else "")
        match operator:
            case "":
                raise self._refused(f"a comparison of {column}: ==, !=, <, <=, >, >=, in or not in")
            case "not":
                raise self._refused("`in`")
            case "in":
                return OneOf(column, self._values(column))
            case "notin":
                return Not(OneOf(column, self._values(column)))
            case "==":
                return OneOf(column, (self._value(column),))
            case "!=":
                return Not(OneOf(column, (self._value(column),)))
            case _:
                return Ordered(column, operator, self._value(column))

    def _column(self) -> str:
        token = self._next
        if token.kind is not TokenKind.word or token.text not in COLUMNS:
            near = get_close_matches(token.text, COLUMNS, n=1) if token.kind is TokenKind.word else []
            perhaps = f" (perhaps {near[0]!r})" if near else ""
            raise self._refused(f"a column{perhaps}, `not` or `(`; the columns are {', '.join(COLUMNS)}")
        self._at += 1
        return token.text

    def _values(self, column: str) -> tuple[str | int, ...]:
        closing = "]" if self._need("[", "(") == "[" else ")"
        values = [self._value(column)]
        while not self._taken(closing):
            if not self._taken(","):
                raise self._refused(f"`,` or `{closing}`")
            values.append(self._value(column))
        return tuple(values)

    def _value(self, column: str) -> str | int:
        token = self._next
        value = _moment(token) if column in NUMBERS else token.text if token.kind is TokenKind.text else None
        if value is None:
            raise self._refused(
                f"a moment to compare {column} with: '2026-05-01', '2026-05-01 09:30:00' or seconds since 1970"
                if column in NUMBERS
                else f"quoted text to compare {column} with"
            )
        self._at += 1
        return value

    def _refused(self, expected: str) -> SettingsError:
        return refuse(self._text, self._next.start, expected)


def _moment(token: Token) -> int | None:
    """Seconds since 1970; None if it is no moment, or not one to the second."""
    match token.kind:
        case TokenKind.number:
            return int(token.text)
        case TokenKind.text:
            try:
                moment = datetime.fromisoformat(token.text)
            except ValueError:
                return None
            seconds = moment.replace(tzinfo=moment.tzinfo or UTC).timestamp()
            return int(seconds) if seconds.is_integer() else None
        case _:
            return None
