"""E-mail addresses in one spelling."""

from contextlib import suppress

import polars as pl

from ringsight.records.canonical.forms import folded


def email_forms(written: pl.Series, drop_tags: bool) -> pl.Series:
    """Lower case, no `mailto:`, no name before the address, no dot behind it, the host in Unicode.

    What stands before the @ may tell upper from lower case (RFC 5321, 2.4), but no large host lets it.

    Args:
        written: tidied values.
        drop_tags: whether `name+tag@host` is `name@host` (subaddresses, RFC 5233).
    """
    text = folded(pl.col("written")).str.replace(r"^.*<([^<>]+@[^<>]+)>.*$", "${1}").str.replace(r"^mailto:\s*", "")
    text = text.str.replace(r"(@[^?]*)\?.*$", "${1}").str.replace_all(r"\s*@\s*", "@").str.strip_chars(" .,;'\"<>()")
    if drop_tags:
        text = text.str.replace(r"^([^+@]+)\+[^@]*@", "${1}@")
    plain = written.to_frame("written").select(text).to_series()
    encoded = plain.filter(plain.str.contains("@.*xn--")).unique()
    return plain.replace(encoded, pl.Series([_host_in_unicode(address) for address in encoded], dtype=pl.String))


def _host_in_unicode(address: str) -> str:
    """The host as it is meant, if it is written in ASCII: `xn--mnchen-3ya.example` (RFC 3492)."""
    name, _, host = address.rpartition("@")
    with suppress(UnicodeError):
        return f"{name}@{host.encode('ascii').decode('idna')}"
    return address
