"""What stands for nothing by its form: `n/a`, 0000000000, unknown@…, 1900-01-01."""

import unicodedata
from itertools import pairwise

import polars as pl

from ringsight.records.bank import ColumnRole, ValueKind
from ringsight.records.canonical.forms import folded

WORDS = {
    "English": "n/a, na, n.a., n a, none, null, nil, nan, nothing, unknown, unk, unspecified, undefined, undisclosed, "
    "missing, empty, blank, not available, not applicable, not given, not known, not provided, not specified, "
    "not stated, no data, no value, no phone, no email, no e-mail, no mail, no device, no address, no number, "
    "tbd, tba, tbc, t.b.d., to be determined, to be defined, refused, declined, withheld, test, tests, testing, "
    "dummy, placeholder, default, invalid, fake, asdf, asdfgh, qwerty, qwertz, azerty, abc, abcd, "
    "(null), <null>, #n/a, #null!, #value!, \\n",
    "German": "unbekannt, unbek., keine, kein, keiner, keines, k.a., k. a., k/a, keine angabe, keine angaben, ohne, "
    "keine daten, ohne angabe, nicht bekannt, nicht vorhanden, nicht angegeben, nicht erfasst, entfällt, leer, fehlt, "
    "n.v., n. v., n.b., keine e-mail, keine telefonnummer, kein telefon",
    "French": "inconnu, inconnue, aucun, aucune, néant, non renseigné, non renseignée, non communiqué, non connu, "
    "vide, non disponible, sans objet, indisponible, n.c., n.r., n.d.",
    "Spanish": "desconocido, desconocida, ninguno, ninguna, sin datos, sin dato, sin información, no aplica, s/d, s/n, "
    "no disponible, no consta, no informado, no especificado, vacío, nulo, no tiene",
    "Portuguese": "desconhecido, desconhecida, nenhum, nenhuma, não informado, nao informado, não disponível, "
    "não se aplica, sem dados, não tem",
    "Italian": "sconosciuto, sconosciuta, nessuno, nessuna, ignoto, ignota, non disponibile, non specificato, "
    "non noto, assente, vuoto",
    "Dutch": "onbekend, geen, niet bekend, niet beschikbaar, niet ingevuld, n.v.t., nvt, leeg",
    "Polish": "brak, nieznany, nieznana, nieznane, brak danych, nie dotyczy, nie podano, n/d",
    "Czech": "neznámý, neznámé, žádný, žádné, není, neuvedeno",
    "Swedish": "okänd, okänt, saknas, inget, uppgift saknas, ej angivet",
    "Danish and Norwegian": "ukendt, ukjent, ingen, mangler, ikke oplyst, ikke oppgitt",
    "Finnish": "tuntematon, ei tiedossa, puuttuu",
    "Hungarian": "ismeretlen, nincs, nincs adat",
    "Romanian": "necunoscut, nespecificat, lipsă",
    "Turkish": "bilinmiyor, yok, belirtilmemiş",
    "Greek": "άγνωστο, άγνωστος, κανένα",
    "Russian": "неизвестно, неизвестен, неизвестный, нет, не указано, не указан, нет данных, отсутствует",
    "Ukrainian": "невідомо, немає, не вказано",
    "Arabic": "غير معروف, غير متوفر, لا يوجد, مجهول",
    "Hebrew": "לא ידוע, אין",
    "Hindi": "अज्ञात, उपलब्ध नहीं",
    "Chinese": "不明, 未知, 无, 無, 不详, 不詳, 未提供, 未填写, 空, 暂无, 没有",
    "Japanese": "なし, 未定, 未登録, 該当なし, 未入力",
    "Korean": "없음, 미상, 알 수 없음, 미등록",
    "Indonesian": "tidak ada, tidak diketahui, belum ada",
    "Vietnamese": "không có, không rõ, chưa biết",
}
"""What people write for nothing. In protected columns those of two letters stand: NA is Namibia."""
MAILBOXES = (
    "noemail, nomail, noemailaddress, noreply, donotreply, nobody, anonymous, example, email, mail, keinemail, "
    "keineemail, ohnemail, sinemail, sincorreo, notiene, pasdemail, sansmail, nonemail, brakmaila, emailunknown"
)
"""What stands before the @ of a mailbox that is nobody's, without dots and dashes; beside `WORDS`."""
HOSTS = "none, noemail, nomail, unknown, invalid, nodomain, keine, unbekannt, noreply"
"""What a host that is nobody's begins with; and `.invalid` ends with (RFC 2606)."""
DEVICES = {
    "020000000000": "what Android gives for a hardware address since version 6 (android.net.wifi.WifiInfo)",
    "9774D56D682E549C": "the ANDROID_ID of many devices of one faulty version (Android issue 10603)",
    "004999010640000": "the IMEI of unlocked devices that have lost theirs",
}
"""Devices that are many, and why."""
ROW = 7
"""So many digits in a row, equal or one up or down at a time, are no id if there is nothing else in it. People do have
numbers such as 0151 23456789."""
SHARE = 2 / 3
"""A phone number is none either if so much of it are `ROW` equal digits or more, as in 0151 00000000. Of other ids some
are filled up with zeros."""
ROWS = ["".join(str((first + step * at) % 10) for at in range(ROW)) for first in range(10) for step in (0, 1, 9)]
"""All of them."""
EQUAL = "|".join(f"{digit}{{{ROW},}}" for digit in range(10))
"""Pattern of so many equal digits."""
SHORT = r"^(?:\d{1,2}|0+|1{3,6}|9{3,6}|1234?5?6?|01234?5?6?)$"
"""Pattern of phone numbers that are none though they are shorter: emergency numbers stay."""
SHORTENED = r"^\d(?:[.,]\d+)?[eE]\+\d{2,3}$"
"""Pattern of numbers of which the last digits are lost: many phones become one 4.91512E+11."""
HIDDEN = r"[*•●]{2,}|(?i)\dx{3,}$|\dx{3,}\d"
"""Pattern of values of which a part is not told, as DE89 **** 3000 and 0151 XXXXXX."""
NO_DATES = (
    r"^(?:(?:0\d|1[0-8])\d\d|1900)-?01-?01(?:[T ].*)?$",
    r"^0?1[./]0?1[./](?:(?:0\d|1[0-8])\d\d|1900)(?: .*)?$",
    r"^(?:1899-?12-?3[01]|9999-?12-?31|2999-?12-?31)(?:[T ].*)?$",
    r"^(?:3[01][./]12[./]1899|31[./]12[./][29]999|12[./]31[./][29]999)(?: .*)?$",
    r"^(?:0000-00-00|00[./]00[./]0000)(?:[T ].*)?$",
)
"""The first of January of a year up to 1900, the first day of spreadsheets, the last of calendars, and no day."""
PUNCTUATION = " .,;:!?*_-/|()[]{}<>\"'#~=+"
"""What may stand around a word for nothing."""
NOTHING, NO_ROW, NO_DATE = "a word for nothing", "digits in a row", "a date that stands for none"


def reasons(forms: pl.DataFrame, kind: ValueKind, role: ColumnRole) -> pl.Series:
    """Why each value stands for nothing; null where it does not by its form.

    Args:
        forms: `written`, tidied, and `value`, the same in one spelling.
        kind: of the values.
        role: of the column. In protected columns words alone count: a sex may be x, and a nationality NA.
    """
    written = pl.col("written")
    words = _words(few_letters=role is not ColumnRole.protected)
    rules = [
        (folded(written).is_in(words) | folded(written).str.strip_chars(PUNCTUATION).is_in(words), NOTHING),
        (~written.str.contains(r"[\p{L}\p{N}]"), "no letter and no digit"),
    ]
    if role is ColumnRole.evidence:
        rules.append((written.str.contains(SHORTENED), "a number that a spreadsheet has shortened"))
        rules.append((written.str.contains(HIDDEN), "part of it is hidden"))
    if role is not ColumnRole.protected:
        rules.append((written.str.contains("^(?i)x+$"), NOTHING))
        rules.append((pl.any_horizontal(written.str.contains(date) for date in NO_DATES), NO_DATE))
        rules += _rules_of(kind, forms["value"])
    why = pl.coalesce(pl.when(rule).then(pl.lit(reason)) for rule, reason in rules)
    return forms.select(reason=why.cast(pl.String)).to_series()


def _rules_of(kind: ValueKind, values: pl.Series) -> list[tuple[pl.Expr, str]]:
    """What is no phone number, no mailbox, no device."""
    value = pl.col("value")
    match kind:
        case ValueKind.phone:
            number = value.str.replace(r"^\+\d+ ", "").str.replace(r" x\d+$", "")
            equal = number.str.extract(f"({EQUAL})").str.len_chars() >= SHARE * number.str.len_chars()
            rows = value.is_in(_in_a_row(values, r"^\+\d+ | x\d+$")) | equal | number.str.contains(SHORT)
            return [(~value.str.contains(r"\d"), "no phone number"), (rows, NO_ROW)]
        case ValueKind.email:
            mailbox = value.str.replace(r"@.*$", "").str.replace_all(r"[^\p{L}\p{N}]", "")
            host = value.str.extract(r"@(?:.*\.)?([^.@]+)\.[^.@]*$")
            nobody = mailbox.is_in([*MAILBOXES.split(", "), *_words(few_letters=True)]) | mailbox.str.contains("^x+$")
            nowhere = host.is_in(HOSTS.split(", ")) | value.str.ends_with(".invalid")
            return [(~value.str.contains(".@"), "no e-mail address"), (nobody | nowhere, "nobody's mailbox")]
        case ValueKind.device:
            known = value.is_in(list(DEVICES)) | value.str.contains(f"^F{{{ROW},}}$")
            return [(known, "a device that is many"), (value.is_in(_in_a_row(values)), NO_ROW)]
        case ValueKind.iban:
            return [(value.is_in(_in_a_row(values, r"^[A-Z]{2}\d\d")), NO_ROW)]
        case ValueKind.identifier:
            return [(value.is_in(_in_a_row(values)), NO_ROW)]
        case ValueKind.text:
            return []


def _words(*, few_letters: bool) -> list[str]:
    """Words for nothing as `folded` has them, with and without punctuation around them."""
    words = [
        unicodedata.normalize("NFKC", word).upper().lower() for each in WORDS.values() for word in each.split(", ")
    ]
    bare = {word.strip(PUNCTUATION) for word in words} | set(words)
    return sorted(word for word in bare if word and (few_letters or len(word) > 2))


def _in_a_row(values: pl.Series, beside: str = "") -> list[str]:
    """Values that are nothing but digits in a row: `ROW` of them, zeros, or nines.

    Args:
        values: each once.
        beside: pattern of what does not count.
    """
    digits = values.str.replace_all(beside, "") if beside else values
    row = digits.to_frame("digits").select(pl.col("digits").str.contains_any(ROWS)).to_series()
    likely = digits.str.contains(r"^(?:0+|9{4,})$") | (row & digits.str.contains(r"^\d+$"))
    found = pl.DataFrame({"value": values, "digits": digits}).filter(likely)
    return [value for value, digits in found.iter_rows() if len(_steps(digits)) <= 1]


def _steps(digits: str) -> set[int]:
    """By how much each digit differs from the one before, where 0 follows 9."""
    return {(int(after) - int(before)) % 10 for before, after in pairwise(digits)}
