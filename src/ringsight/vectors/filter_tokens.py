"""The words of a filter: text in quotes, whole numbers, names, and signs."""

import re
import unicodedata
from dataclasses import dataclass
from enum import StrEnum

from ringsight.errors import SettingsError

MAX_LENGTH = 4_000
"""Characters of a filter."""
SHOWN = 24
"""Characters of a filter that an error quotes on either side of where it went wrong."""
TOKEN = re.compile(
    r"""
    (?P<text> '(?:[^'\\]|\\['"\\])*' | "(?:[^"\\]|\\['"\\])*" )
    | (?P<number> -?[0-9]{1,18} (?![\w.]) )
    | (?P<word> [^\W\d]\w* )
    | (?P<sign> == | != | <= | >= | [<>()\[\],] )
    """,
    re.VERBOSE,
)
EXAMPLE = "for instance where=\"region == 'EU' and last_seen > '2026-05-01'\""
SPACE = re.compile(r"[ \t\r\n]*")


class TokenKind(StrEnum):
    """What a token is."""

    text = "text"
    number = "number"
    word = "word"
    sign = "sign"
    end = "end"


@dataclass(frozen=True, slots=True)
class Token:
    """One word of a filter."""

    kind: TokenKind
    text: str
    """As written; of quoted text what it says, without quotes and escapes."""
    start: int
    """Its first character in the filter, counted from 0."""


def tokens(text: str) -> list[Token]:
    """The words of a filter, and its end.

    Raises:
        SettingsError: naming the first character that begins no word, and what may stand there.
    """
    if len(text) > MAX_LENGTH:
        raise SettingsError(f"a filter has at most {MAX_LENGTH:,} characters (this one {len(text):,})", where="where")
    found: list[Token] = []
    at = _after_space(text, 0)
    while at < len(text):
        match = TOKEN.match(text, at)
        if match is None:
            raise refuse(text, at, _instead(text[at]))
        found.append(_token(text, match))
        at = _after_space(text, match.end())
    return [*found, Token(TokenKind.end, "", len(text))]


def refuse(text: str, at: int, expected: str) -> SettingsError:
    """The error of a filter that makes no sense from a character on (counted from 0)."""
    before, after = text[max(0, at - SHOWN) : at], text[at : at + SHOWN]
    found = f"{before}»{after}" if after else f"{before}» (its end)"
    shown = "".join(character if character.isprintable() else "\ufffd" for character in found)
    return SettingsError(f"expected {expected}; found {shown}", where=f"where, character {at + 1}", remedy=EXAMPLE)


def _after_space(text: str, at: int) -> int:
    space = SPACE.match(text, at)
    return space.end() if space else at


def _token(text: str, match: re.Match[str]) -> Token:
    kind = TokenKind(match.lastgroup or "")
    if kind is not TokenKind.text:
        return Token(kind, match.group(), match.start())
    for offset, character in enumerate(match.group()):
        if unicodedata.category(character) in ("Cc", "Cs"):
            raise refuse(text, match.start() + offset, "text without control characters")
    return Token(kind, re.sub(r"\\(.)", r"\1", match.group()[1:-1]), match.start())


def _instead(character: str) -> str:
    match character:
        case "'" | '"':
            return f"text that ends in {character}, with \\{character} for the quote and \\\\ for the backslash in it"
        case "=":
            return "`==`, which compares"
        case "&" | "|" | "!":
            return "`and`, `or`, `not` or `!=`"
        case _ if character in "-.0123456789":
            return "a whole number of at most 18 digits"
        case _:
            return "a column, a comparison, quoted text or a whole number"
