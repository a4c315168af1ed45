"""What `bank.yaml` would have to say for a bank's folder to be read: found by looking, and never in force by itself."""

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import polars as pl
import yaml

from ringsight.errors import DataError, RingsightError
from ringsight.records import contract
from ringsight.records.bank import BankConfig
from ringsight.records.contract import CUSTOMERS, IMAGES, RecordTable
from ringsight.records.declarations import Declarations, declared
from ringsight.records.derived_tables import pictures_as_rows
from ringsight.records.dialect import Dialect
from ringsight.records.folder_listing import (
    SAYING,
    FolderListing,
    given_files,
    is_hidden,
    is_picture,
    is_table,
    pattern_of,
    places_of,
)
from ringsight.records.given_table import GivenTable
from ringsight.records.holders import naming_accounts
from ringsight.records.image_paths import found_paths
from ringsight.records.joins import WORDS, IdRule, join_words, lacking_rules, party_rules
from ringsight.records.joint_owners import parting_sign
from ringsight.records.likely_tables import header_of
from ringsight.records.table_places import given_tables, likely_among
from ringsight.records.table_study import StudiedTable, studied

SAID = 8
"""Things found that an error tells."""


@dataclass(slots=True)
class Proposal:
    """What could be added to what a bank says, and on what grounds."""

    tables: dict[str, str] = field(default_factory=dict)
    """Table -> its file."""
    columns: dict[str, dict[str, str]] = field(default_factory=dict)
    """Table -> {our column: the bank's column}, whole."""
    dialects: dict[str, Dialect] = field(default_factory=dict)
    """Table -> how it is written, whole."""
    ids: list[IdRule] = field(default_factory=list)
    """What of ids does not count, whole."""
    customers_from: list[str] = field(default_factory=list)
    """Tables whose records say who the customers are."""
    numbered: list[str] = field(default_factory=list)
    """Tables whose rows have their number for an id, whole."""
    owners: dict[str, str] = field(default_factory=dict)
    """Table -> what parts several customers in a cell."""
    found: list[str] = field(default_factory=list)
    """What was found, in words."""
    lacking: list[str] = field(default_factory=list)
    """What a person has to say, for it cannot be found."""

    def __bool__(self) -> bool:
        """Whether there is anything to propose."""
        return bool(self.content())

    def changes_layout(self) -> bool:
        """Whether columns would be others: what an error says of those that are absent is then idle."""
        plain = Dialect()
        return any((each.delimiter, each.lines_above) != (plain.delimiter, 0) for each in self.dialects.values())

    def content(self) -> dict[str, Any]:
        """What `bank.yaml` would say."""
        dialects = {table: dialect.differences() for table, dialect in self.dialects.items()}
        told = {
            "tables": self.tables,
            "columns": self.columns,
            "dialects": dialects,
            "ids_ignore": list(map(str, self.ids)),
            "customers_from": self.customers_from,
            "numbered": self.numbered,
            "owners": self.owners,
        }
        return {key: value for key, value in told.items() if value}

    def yaml(self) -> str:
        """The same as lines."""
        return yaml.safe_dump(
            self.content(), sort_keys=False, allow_unicode=True, default_flow_style=None, width=1000
        ).rstrip()


def with_proposal(error: DataError, config: BankConfig, from_frames: bool = False) -> DataError:
    """The same error with what would have to be said for the whole folder to be read, where that can be found."""
    try:
        proposal = proposed(config, from_frames)
    except (RingsightError, pl.exceptions.PolarsError):  # the first error counts
        return error
    columns_alone = proposal.content().keys() <= {"columns"} and error.where != str(config.path)
    if columns_alone and len(proposal.found) + len(proposal.lacking) < 2:
        return error  # which says as much
    more = len(proposal.found) - SAID
    said = proposal.found[:SAID] + ([f"and {more} more, which `ringsight check` tells"] if more > 0 else [])
    found = "\n".join(f"  {line}" for line in said)
    remedy = "" if proposal.changes_layout() else error.remedy
    if proposal and from_frames:
        told = f"read the frames with BankConfig(..., {_as_arguments(proposal)})"
    else:
        told = f"put this into {config.path / SAYING}, after a look at it:\n{proposal.yaml()}" if proposal else ""
    remedy = "\nOtherwise ".join(part for part in (told, remedy) if part)
    lacking = "".join(f"\n{line}" for line in proposal.lacking)
    return DataError(
        f"{error.what}\nFound:\n{found}" if found else error.what, where=error.where, remedy=remedy + lacking
    )


def proposed(config: BankConfig, from_frames: bool = False) -> Proposal:
    """Look at the whole of a bank's folder for what `bank.yaml` would have to say.

    Args:
        config: how the folder is read so far.
        from_frames: whether the folder was written from data frames.

    Raises:
        DataError: if the folder cannot be looked at.
        SettingsError: if the config or `bank.yaml` says something that makes no sense.
    """
    declarations = declared(config)
    tables, listing = given_tables(config.path, declarations, from_frames)
    proposal = Proposal()
    tables |= _likely(config.path, tables, listing, declarations, proposal)
    study: dict[str, StudiedTable] = {}
    for name, table in contract.tables().items():
        if name in tables:
            study[name] = studied(
                tables[name], table, declarations.columns.get(name, {}), name in declarations.numbered
            )
            _take(study[name], tables[name], declarations, proposal)
    if CUSTOMERS.name in study or not proposal.lacking:
        _find_picture_table(config.path, study, listing, declarations, proposal)
    _find_customers(study, proposal)
    if CUSTOMERS.name not in study and not proposal.customers_from:
        _ask_for_customers(config.path, listing, proposal)
    _join(study, declarations, proposal)
    _find_pictures(study, listing, proposal)
    return proposal


def _likely(
    folder: Path,
    tables: dict[str, GivenTable],
    listing: FolderListing,
    declarations: Declarations,
    proposal: Proposal,
) -> dict[str, GivenTable]:
    """The tables that are absent, from files that look like them."""
    found: dict[str, GivenTable] = {}
    files = [file.path for file in listing.files]
    likely = likely_among(folder, listing)
    inside = next((Path(each.path).parent for each in likely if each.table == CUSTOMERS.name), Path())
    if CUSTOMERS.name not in tables and inside != Path():
        proposal.lacking.append(f"Is the bank in the folder {inside}? Then name that: bank.path={folder / inside}")
        return {}
    for each in likely:
        if each.table in tables or each.table in found:
            continue
        for place, paths in places_of(each.table, files, each.together, folder).items():
            several = () if paths == [place] else given_files(folder, place, paths)
            dialect = declarations.dialect_of(each.table)
            found[each.table] = GivenTable(each.table, folder / place, False, several, dialect)
        proposal.tables[each.table] = each.together
        proposal.found.append(f"{each.path} looks like {each.table}: it has {', '.join(each.names)}")
    return found


def _find_picture_table(
    folder: Path,
    study: dict[str, StudiedTable],
    listing: FolderListing,
    declarations: Declarations,
    proposal: Proposal,
) -> None:
    """Take pictures that no table names for a table of their own, where their folders are called after customers."""
    pictures = [file.path for file in listing.ignored() if is_picture(file.path) and not is_hidden(file.path)]
    place = pattern_of(pictures) if IMAGES.name not in study else ""
    if not place:
        return
    given = GivenTable(IMAGES.name, folder / place, dialect=declarations.dialect_of(IMAGES.name))
    pictured = studied(pictures_as_rows(given, pictures, folder), IMAGES, {})
    owners = study[CUSTOMERS.name].ids if CUSTOMERS.name in study else pictured.ids
    if owners is None or pictured.ids is None or pictured.ids.is_in(owners.implode()).mean() != 1.0:
        return
    study[IMAGES.name] = pictured
    proposal.tables[IMAGES.name] = place
    named = pictured.ids.n_unique()
    whose = "each file" if named == len(pictures) else f"each of the {named:,} folders"
    proposal.found.append(f"{place} are {len(pictures):,} pictures; {whose} is taken for a customer")


def _find_customers(study: dict[str, StudiedTable], proposal: Proposal) -> None:
    """Take those for customers whom records name, where there is no table of customers."""
    naming = [name for name, table in study.items() if table.ids is not None]
    if CUSTOMERS.name not in study and naming and not proposal.lacking:
        proposal.customers_from = naming
        proposal.found.append(
            f"there is no table of customers; those whom {' and '.join(naming)} name may be taken for them. If a file "
            "has them, say tables: {customers: FILE} instead"
        )


def _ask_for_customers(folder: Path, listing: FolderListing, proposal: Proposal) -> None:
    """Ask what the tables are that nothing is made of: one of them may hold the customers, or name them."""
    taken = set(proposal.tables.values())
    idle = [file.path for file in listing.ignored() if is_table(file.path) and not is_hidden(file.path)]
    for path in [each for each in idle if each not in taken][:SAID]:
        if names := header_of(folder / path):
            proposal.lacking.append(
                f"What is {path}? It has {', '.join(names)}. Say in bank.yaml: tables: {{TABLE: {path}}} and columns: "
                f"{{TABLE: {{customer_id: YOUR_COLUMN}}}}, where TABLE is {', '.join(contract.tables())}"
            )


def _take(study: StudiedTable, given: GivenTable, declarations: Declarations, proposal: Proposal) -> None:
    """Take over what was found in one table."""
    proposal.found += [f"{given.label}: {line}" for line in study.found]
    proposal.lacking += study.lacking
    if study.dialect != given.dialect:
        proposal.dialects[given.name] = study.dialect
    if study.mapping != declarations.columns.get(given.name, {}):
        proposal.columns[given.name] = study.mapping
    if study.numbered:
        proposal.numbered = [*(proposal.numbered or declarations.numbered), given.name]


def _join(study: dict[str, StudiedTable], declarations: Declarations, proposal: Proposal) -> None:
    """Find by which rules records would name customers."""
    if CUSTOMERS.name not in study or (owners := study[CUSTOMERS.name].ids) is None:
        return
    owners = owners.unique().sort()
    rules = list(declarations.ids_ignore)
    for name, table in study.items():
        accounts = name in naming_accounts(declarations.holders)
        if name == CUSTOMERS.name or accounts or table.ids is None or table.ids.is_empty():
            continue
        lost = table.ids.filter(~table.ids.is_in(owners.implode()))
        sign = "" if name in declarations.owners else parting_sign(lost, owners, rules)
        if sign:
            proposal.owners[name] = sign
            several = int(lost.str.contains(sign, literal=True).sum())
            proposal.found.append(f"{name}, customer_id: {several:,} rows name several customers, parted by {sign!r}")
        if sign := sign or declarations.owners.get(name, ""):
            table.ids = table.ids.str.split(sign).explode().str.strip_chars()
        further = lacking_rules(table.ids, owners, rules)
        if further:
            proposal.found.append(f"{name}, customer_id: {join_words(table.ids, owners, rules, further)}")
            rules = [rule for rule in IdRule if rule in (*rules, *further)]
    for name, table in study.items():
        further, more = ([], 0) if table.parties is None else party_rules(table.parties, owners, rules)
        if further:
            told = " and ".join(WORDS[rule] for rule in further)
            proposal.found.append(f"{name}, counterparty_id: {more:,} more would be customers if {told} were ignored")
            rules = [rule for rule in IdRule if rule in (*rules, *further)]
    if rules != list(declarations.ids_ignore):
        proposal.ids = rules


def _find_pictures(study: dict[str, StudiedTable], listing: FolderListing, proposal: Proposal) -> None:
    """Find how the paths of images would meet files."""
    files = [file.path for file in listing.files]
    for name, table in contract.tables().items():
        if not isinstance(table, RecordTable) or name not in study or (paths := study[name].paths) is None:
            continue
        if found := found_paths(paths, files):
            dialect = replace(study[name].dialect, **found)
            if dialect != study[name].given:
                proposal.dialects[name] = dialect
                told = " and ".join(f"{word}: {value!r}" for word, value in found.items())
                proposal.found.append(f"{name}, {table.image_columns[0]}: more paths would meet a file with {told}")


def _as_arguments(proposal: Proposal) -> str:
    """The proposal as Python writes it."""
    words = {key: value for key, value in proposal.content().items() if key != "dialects"}
    told = [f"{key}={value!r}" for key, value in words.items()]
    dialects = ", ".join(
        f"{table!r}: Dialect({', '.join(f'{word}={value!r}' for word, value in dialect.differences().items())})"
        for table, dialect in proposal.dialects.items()
    )
    return ", ".join([*told, f"dialects={{{dialects}}}"] if dialects else told)
