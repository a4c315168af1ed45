"""One table looked at for how it is written and which of its columns is what, by its content and nothing else."""

import re
from dataclasses import dataclass, field, replace
from difflib import get_close_matches

import polars as pl

from ringsight.errors import DataError
from ringsight.records import contract
from ringsight.records.amounts import as_numbers
from ringsight.records.contract import CUSTOMERS, Table, Values
from ringsight.records.declarations import without_blanks
from ringsight.records.delimited import is_utf8
from ringsight.records.dialect import TAB, Dialect, Plus
from ringsight.records.dialect_finding import found_dates, found_numbers
from ringsight.records.given_table import GivenFile, GivenTable
from ringsight.records.joint_owners import LISTED
from ringsight.records.layout_finding import found_encoding, found_layout, head_of, tail_of
from ringsight.records.plain_files import DELIMITED, PACKED, suffix_of
from ringsight.records.table_reading import read_table, schema_of

LIKE = 0.7
"""Likeness of a column's name to ours, from which on it is proposed."""
PAYERS = "sourcenodeid nameorig from_account from_id sender_id orig_id source_account payer_id"
"""Names that banks have for whoever pays."""
CALLED = {
    "customer_id": "kundennummer kunden_id kundenid kunden_nr kundennr client_id clientid client cust_id customer "
    "customerid customer_number account_holder id_client numero_client cliente_id id_cliente "
    f"account_id acct_id {PAYERS}",
    "counterparty_id": "targetnodeid namedest to_account to_id receiver_id bene_id dest_id target_account payee_id "
    "beneficiary_id",
    "opened_at": "open_date opened opening_date account_opened created_at kunde_seit eroeffnet_am eröffnet_am "
    "eroeffnungsdatum date_ouverture fecha_alta",
    "transaction_id": "tx_id txn_id trans_id transaktions_id transaktionsid buchungs_id buchungsnummer umsatz_id "
    "id_transaction reference",
    "timestamp": "datum buchungstag buchungsdatum gebucht_am zeitpunkt booking_date booked_at transaction_date date "
    "datetime time ts step date_operation fecha date_received",
    "amount": "betrag umsatz amt value transaction_amount montant importe bedrag",
    "note_id": "notiz_id notiz_nr call_id contact_id",
    "text": "notiz note notes notiztext gespraechsnotiz comment comments body message texte nota narrative",
    "image_id": "bild_id bildnummer document_id doc_id scan_id",
    "path": "pfad file filename file_name datei dateiname image image_path filepath chemin ruta",
}
"""Our column -> names that banks have for it."""
SOUGHT = ("counterparty_id",)
"""Columns that need not be there, and are sought nonetheless, for much rests on them."""


@dataclass(slots=True)
class StudiedTable:
    """What was found in one table."""

    given: Dialect
    """In force."""
    dialect: Dialect
    """Found; the one in force, where it reads as much."""
    mapping: dict[str, str]
    """Our column -> the bank's: those in force, and those proposed."""
    found: list[str] = field(default_factory=list)
    lacking: list[str] = field(default_factory=list)
    """Columns that nobody but the bank can name."""
    ids: pl.Series | None = None
    """The customers whom it holds or names, as text without nulls; None where they cannot be read."""
    numbered: bool = False
    """Whether the number of a row may be its id, for no column is."""
    parties: pl.Series | None = None
    """Its counterparties, each once, as text without nulls."""
    paths: pl.Series | None = None
    """Of its images, as the bank gave them."""


def studied(given: GivenTable, table: Table, mapping: dict[str, str], numbered: bool = False) -> StudiedTable:
    """Look at a table.

    Args:
        given: the table, with the dialect in force.
        table: of the contract.
        mapping: our column -> the bank's, as the bank has said.
        numbered: whether its rows have their number for an id.
    """
    study = StudiedTable(given.dialect, given.dialect, dict(mapping))
    try:
        _study_layout(given, table, study)
        given = replace(given, dialect=study.dialect)
        names = list(schema_of(given))
        _study_columns(given, table, names, study, numbered)
        _study_values(given, table, names, study)
    except DataError as error:
        study.found.append(error.what)
    return study


def _study_layout(given: GivenTable, table: Table, study: StudiedTable) -> None:
    """Find encoding, delimiter, and lines above and below."""
    file = given.files[0]
    if suffix_of(file.path) not in (*DELIMITED, ".txt"):
        return
    encoding = _encoding(given)
    known = {column.casefold() for column in (*table.columns, *study.mapping.values())}
    known |= {name for column in table.columns for name in CALLED.get(column, "").split()}
    tail = b"" if file.path.suffix.lower() in PACKED else tail_of(file.path)
    layout = found_layout(head_of(file.path), tail, known, encoding)
    sign = TAB if layout.sign == "\t" else layout.sign
    if len(layout.names) < 2:
        return
    dialect = replace(study.dialect, encoding=encoding, lines_above=layout.lines_above)
    if layout.sign != given.sign_of(file):
        dialect = replace(dialect, delimiter=sign)
        study.found.append(f"its cells are parted by {_named(layout.sign)}")
    if encoding != given.dialect.encoding:
        study.found.append(
            f"its text is in {encoding}" + (", as it seems" if encoding in ("cp1252", "latin-1") else "")
        )
    if layout.lines_above != given.dialect.lines_above:
        study.found.append(f"above its header stand other lines ({layout.lines_above})")
    if layout.lines_below > given.dialect.lines_below:
        dialect = replace(dialect, lines_below=layout.lines_below)
        study.found.append(f"under its rows stand totals ({layout.lines_below})")
    study.dialect = dialect


def _encoding(given: GivenTable) -> str:
    """The encoding in force, where all files are readable in it; else the one that they seem to be in."""
    for file in given.files:
        head = head_of(file.path)
        if given.dialect.encoding != Dialect().encoding:
            return given.dialect.encoding
        found = found_encoding(head)
        if found == "utf-8" and not _is_utf8(given, file):
            found = "cp1252"
        if found != "utf-8":
            return found
    return given.dialect.encoding


def _is_utf8(given: GivenTable, file: GivenFile) -> bool:
    """Whether the whole of a file is UTF-8."""
    return is_utf8(given.plain.of(file.path, Dialect()))


def _study_columns(given: GivenTable, table: Table, names: list[str], study: StudiedTable, numbered: bool) -> None:
    """Find the bank's names for our columns."""
    known = without_blanks(names)
    by_spelling = {re.sub(r"\W+", "_", name.casefold()).strip("_"): name for name in names}
    sought = [ours for ours in table.columns if ours in table.required or ours in SOUGHT]
    for ours in sought:
        if study.mapping.get(ours, ours) in (*names, *known) or (numbered and ours == table.key):
            continue
        taken = set(study.mapping.values()) | (set(names) & set(table.columns))
        free = {spelt: name for spelt, name in by_spelling.items() if name not in taken}
        match = _column_like(ours, list(free))
        if match is None and ours not in table.required:
            continue
        if match is None and ours == table.key and table is not CUSTOMERS:
            study.numbered = True
            study.found.append(f"none of its columns is like {ours}; the number of a row may be its id")
            continue
        if match is None:
            study.mapping.pop(ours, None)
            study.lacking.append(
                f"Which column of {given.label} is {ours}? It has {', '.join(names)}. Say it in bank.yaml: "
                f"columns: {{{given.name}: {{{ours}: YOUR_COLUMN}}}}"
            )
            continue
        study.mapping[ours] = free[match]
        study.found.append(f"it has no column {ours!r}; {free[match]!r} may be it")


def _column_like(ours: str, names: list[str]) -> str | None:
    """The name that is ours, or one that banks have for it, as a whole or as a word of it; else one spelt alike."""
    called = [ours, *CALLED.get(ours, "").split()]
    whole = [name for name in called if name in names]
    within = [name for name in names if any(f"_{word}_" in f"_{name}_" for word in called)]
    near = get_close_matches(ours, names, n=1, cutoff=LIKE)
    return next(iter([*whole, *(within if len(within) == 1 else []), *near]), None)


def _study_values(given: GivenTable, table: Table, names: list[str], study: StudiedTable) -> None:
    """Find how numbers and moments are written, and read ids and paths."""
    known = without_blanks(names)
    sources = {ours: study.mapping.get(ours, ours) for ours in table.columns}
    sources = {ours: known.get(theirs, theirs) for ours, theirs in sources.items() if theirs in (*names, *known)}
    bare = contract.Table(table.name, {}, {}, ())
    rows = read_table(given, bare, {ours: theirs for ours, theirs in sources.items() if _matters(table, ours)}).rows
    for ours in sorted(rows.columns, key=lambda column: table.columns.get(column) is not Values.number):
        values = rows[ours]
        match table.columns.get(ours):
            case Values.number if values.dtype == pl.String:
                found = found_numbers(values, study.dialect)
            case Values.time | Values.opening if values.dtype == pl.String or values.dtype.is_numeric():
                found = found_dates(values, study.dialect)
            case _:
                continue
        if found is not None:
            changed = {word: value for word, value in found.dialect.differences().items()}
            before = study.dialect.differences()
            told = ", ".join(f"{word}: {value!r}" for word, value in changed.items() if before.get(word) != value)
            doubt = f" ({found.doubt})" if found.doubt else ""
            study.found.append(f"{sources[ours]}: {found.read:,} different values can be read with {told}{doubt}")
            study.dialect = found.dialect
    _study_sign(rows, sources, study)
    owner = CUSTOMERS.key
    if owner in sources:
        ids = read_table(given, table_of_ids(table), {owner: sources[owner]}).rows[owner]
        study.ids = ids.cast(pl.String).drop_nulls().str.split(LISTED).explode()
    for column, kind in table.columns.items():
        if kind is Values.party and column in sources:
            named = contract.Table(table.name, {column: kind}, {}, ())
            given_parties = read_table(given, named, {column: sources[column]}).rows[column]
            study.parties = given_parties.unique().drop_nulls().cast(pl.String)
    for column in table.image_columns:
        if column in rows.columns and rows[column].dtype == pl.String:
            study.paths = rows[column]


def _study_sign(rows: pl.DataFrame, sources: dict[str, str], study: StudiedTable) -> None:
    """Find that amounts above zero are paid, where the customer is called the payer and none is below zero."""
    payer = re.sub(r"\W+", "_", sources.get(CUSTOMERS.key, "").casefold()).strip("_") in PAYERS.split()
    if not payer or "amount" not in rows.columns or study.dialect.plus is Plus.paid:
        return
    amounts = as_numbers(rows["amount"], study.dialect)
    if (amounts >= 0).all():
        study.found.append(f"{sources[CUSTOMERS.key]} pays, and no amount is below zero: they are paid out")
        study.dialect = replace(study.dialect, plus=Plus.paid)


def table_of_ids(table: Table) -> Table:
    """The table as far as it names customers."""
    return contract.Table(table.name, {CUSTOMERS.key: table.columns[CUSTOMERS.key]}, {}, ())


def _matters(table: Table, column: str) -> bool:
    """Whether the values of a column tell of the dialect."""
    return table.columns[column] in (Values.number, Values.time, Values.opening, Values.image)


def _named(sign: str) -> str:
    return {";": "semicolons", "\t": "tabulators", "|": "bars", ",": "commas"}[sign]
