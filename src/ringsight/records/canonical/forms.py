"""How a value is written: what is tidied in every kind, and the forms of devices, account numbers and text."""

import polars as pl

INVISIBLE = (
    "[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f"
    "\ufe00-\ufe0f\ufeff]"
)
"""Characters that show nothing: soft hyphens, zero-width ones, marks of direction, selectors of a variant."""
LEAST_HEX = 8
"""Hexadecimal digits of a device id at least: in a shorter one separators may mean something."""


def tidy(value: pl.Expr) -> pl.Expr:
    """Unicode form NFKC, no character that shows nothing, blanks single and none at the ends; null where empty."""
    text = value.str.normalize("NFKC").str.replace_all(INVISIBLE, "").str.replace_all(r"[\s\p{Cc}]+", " ")
    text = text.str.strip_chars()
    return pl.when(text != "").then(text)


def folded(value: pl.Expr) -> pl.Expr:
    """Without letter case, much as Unicode's full case folding has it: `Straße` and `STRASSE` are one."""
    return value.str.to_uppercase().str.to_lowercase()


def device_form(value: pl.Expr) -> pl.Expr:
    """Upper case, no braces; a hexadecimal id without separators and `0x`.

    `{a1b2c3d4-e5f6}`, `0xA1B2C3D4E5F6` and `a1:b2:c3:d4:e5:f6` are one device. Of other ids the separators stay, for
    `K-1-23` and `K-12-3` may be two.
    """
    upper = value.str.to_uppercase().str.replace_all(r"^(URN:UUID:)|[{}\[\]()<>\"']", "").str.strip_chars()
    digits = upper.str.replace(r"^0X", "").str.replace_all(r"[\s:.\-_]", "")
    return pl.when(digits.str.contains(rf"^[0-9A-F]{{{LEAST_HEX},}}$")).then(digits).otherwise(upper)


def iban_form(value: pl.Expr) -> pl.Expr:
    """ISO 13616, electronic format: upper case, nothing but letters and digits, and no `IBAN` before it."""
    plain = value.str.to_uppercase().str.replace_all(r"[^\p{L}\p{N}*]", "").str.replace(r"^IBAN", "")
    return pl.when(plain != "").then(plain).otherwise(value)


def text_form(value: pl.Expr) -> pl.Expr:
    """Without punctuation at the end; no word of it is changed."""
    plain = value.str.replace(r"[\s.,;:]+$", "")
    return pl.when(plain != "").then(plain).otherwise(value)
