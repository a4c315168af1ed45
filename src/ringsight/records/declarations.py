"""Which of a bank's columns is what: `BankConfig` and the folder's `bank.yaml`, checked and merged."""

from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any

import yaml

from ringsight.errors import DataError, SettingsError
from ringsight.records import contract
from ringsight.records.bank import BankConfig, ColumnRole
from ringsight.records.contract import CONVENTIONAL_ROLES, CUSTOMERS, Table
from ringsight.records.dialect import Dialect
from ringsight.records.given_table import GivenTable
from ringsight.records.joins import IdRule
from ringsight.records.table_declarations import (
    ALL,
    HOLDERS,
    check_known,
    check_places,
    check_record_tables,
    closest,
    dialects_of,
    holders_of,
    is_text_mapping,
    perhaps,
    record_tables,
    signs_of,
)
from ringsight.records.value_declarations import KEYS as VALUE_KEYS
from ringsight.records.value_declarations import ValueDeclarations, values_from_yaml

RESERVED = ("customer_id", "opened_at", "stratum")
"""Customer columns that can have no role."""
KEYS = (
    "columns",
    "entities",
    "strata",
    "tables",
    "dialects",
    "ids_ignore",
    "customers_from",
    "numbered",
    "owners",
    "holders",
    *VALUE_KEYS,
)
"""What a `bank.yaml` may say."""


@dataclass(frozen=True, slots=True)
class Declarations:
    """What the bank has said about its columns."""

    columns: dict[str, dict[str, str]]
    """Table -> {our column: the bank's column}."""
    entities: dict[str, ColumnRole]
    """Customer column -> role."""
    strata: list[str]
    """Customer columns within which customers may fairly be compared."""
    strata_asked: bool = False
    """Whether somebody named them; the default holds for banks that have none of its columns too."""
    values: ValueDeclarations = field(default_factory=ValueDeclarations)
    """How the values of entity columns are read."""
    tables: dict[str, str] = field(default_factory=dict)
    """Table -> its file, folder or pattern inside the bank's folder."""
    dialects: dict[str, Dialect] = field(default_factory=dict)
    """Table, or `all` -> how it is written."""
    ids_ignore: list[IdRule] = field(default_factory=list)
    """What of ids does not count when a record's customer is looked up."""
    customers_from: list[str] = field(default_factory=list)
    """Tables whose records say who the customers are."""
    numbered: list[str] = field(default_factory=list)
    """Tables whose rows have their number for an id."""
    owners: dict[str, str] = field(default_factory=dict)
    """Table of records -> what parts several customers in a cell."""
    holders: dict[str, str] = field(default_factory=dict)
    """Where it stands which customers hold an account: file, account, customer, of."""

    def dialect_of(self, table: str) -> Dialect:
        """How a table is written."""
        return self.dialects.get(table) or self.dialects.get(ALL) or Dialect()


def declared(config: BankConfig, path: Path | None = None) -> Declarations:
    """Merge `bank.yaml`, where the folder has one, with the config, which wins.

    `strata` of `bank.yaml` holds unless the config differs from its default.

    Args:
        config: how the bank is read.
        path: of a `bank.yaml` to take in place of the folder's.

    Raises:
        SettingsError: for a word that is not known (the nearest valid one is named), for a role other than
            protected on a protected column, and for strata made of a protected column.
    """
    path = path or config.path / "bank.yaml"
    given = _from_yaml(path) if path.is_file() else Declarations({}, {}, [])
    _check_columns(given.columns, str(path))
    _check_columns(config.columns, "bank.columns")
    check_places(config.tables, "bank.tables")
    for name in config.dialects:
        check_known(name, [ALL, HOLDERS, *contract.tables()], "bank.dialects")
    check_record_tables(config.customers_from, "bank.customers_from")
    check_record_tables(config.numbered, "bank.numbered")
    tables = given.columns.keys() | config.columns.keys()
    columns = {table: given.columns.get(table, {}) | config.columns.get(table, {}) for table in sorted(tables)}
    entities = given.entities | config.entities
    for column in (*given.entities, *config.entities):
        if ColumnRole.protected in (_conventional(column), given.entities.get(column)):
            _refuse_unless_protected(column, entities[column])
    by_default = config.strata == BankConfig(path=config.path).strata
    values = given.values.merged(config)
    strata = given.strata if by_default and given.strata else config.strata
    return Declarations(
        columns,
        entities,
        strata,
        strata_asked=bool(given.strata) or not by_default,
        tables=given.tables | config.tables,
        dialects=given.dialects | config.dialects,
        ids_ignore=config.ids_ignore or given.ids_ignore,
        customers_from=config.customers_from or given.customers_from,
        numbered=config.numbered or given.numbered,
        owners=given.owners | signs_of(config.owners, "bank.owners"),
        holders=holders_of(config.holders, "bank.holders") or given.holders,
        values=values,
    )


def with_declared(config: BankConfig) -> BankConfig:
    """The same config with what the `bank.yaml` that it names says, as far as it says nothing else itself.

    Raises:
        SettingsError: if there is no such file, or it says something that makes no sense.
    """
    path = config.declared
    if path is None:
        return config
    if not path.is_file():
        raise SettingsError("no such file", where=str(path), remedy="name a bank.yaml: bank.declared=FILE")
    whole = declared(config, path)
    told = {
        each.name: getattr(whole, each.name) for each in fields(whole) if each.name not in ("strata_asked", "values")
    }
    several = {name: list(getattr(whole.values, name)) for name in ("placeholders", "not_placeholders")}
    values = {each.name: getattr(whole.values, each.name) for each in fields(whole.values)} | several
    return replace(config, declared=None, **told, **values)


def source_columns(
    table: Table, found: list[str], mapping: dict[str, str], given: GivenTable, lacking: str = ""
) -> dict[str, str]:
    """Find for each of our columns the bank's: {our column: the bank's column}.

    Customers keep every further column under its own name; of the other tables only the contract's are read.
    Where a mapping and a column of the bank compete for one name, the mapping wins. Blanks around a name do not count.

    Args:
        table: of the contract.
        found: the bank's columns.
        mapping: our column -> the bank's, as the bank has said.
        given: the table, for errors.
        lacking: a needed column that the table may lack.

    Raises:
        DataError: if a required or a mapped column is absent; the columns found and the closest are named.
    """
    sources: dict[str, str] = {}
    known = without_blanks(found)
    for ours, theirs in mapping.items():
        if theirs not in known and theirs not in found:
            raise _absent(theirs, f"the column {theirs!r}, mapped to {ours},", ours, found, given)
        sources[ours] = known.get(theirs, theirs)
    for ours in table.columns:
        if ours in sources:
            continue
        if ours in known:
            sources[ours] = known[ours]
        elif ours in table.required and ours != lacking:
            raise _absent(ours, f"the required column {ours!r}", ours, found, given)
    if table is CUSTOMERS:
        taken = set(sources.values())
        sources |= {name: column for name, column in known.items() if column not in taken and name not in sources}
    return sources


def without_blanks(found: list[str]) -> dict[str, str]:
    """The bank's columns by their names without blanks around them, where that leaves each a name of its own."""
    names = {name.strip(): name for name in found}
    return names if len(names) == len(found) and "" not in names else {name: name for name in found}


def roles_of(sources: dict[str, str], declarations: Declarations, where: str) -> dict[str, ColumnRole]:
    """ColumnRole of each customer column that has one: as declared, else by its conventional name.

    A column that the bank itself calls by a protected name stays protected whatever it is mapped to.

    Raises:
        DataError: if a column that is declared as an entity, or asked for in the strata, is not in the table.
        SettingsError: if a protected column is given another role, or makes strata.
    """
    found = list(sources)
    for column in declarations.entities:
        if column not in found:
            raise _no_column(column, "which is declared as an entity", f"bank.entities.{column}", (found, where))
    for column in declarations.strata if declarations.strata_asked else []:
        if column not in found:
            raise _no_column(column, "which is to make strata", "bank.strata", (found, where))
    roles: dict[str, ColumnRole] = {}
    for ours, theirs in sources.items():
        role = declarations.entities.get(ours, _conventional(ours))
        if _conventional(theirs) is ColumnRole.protected and ours != theirs:
            _refuse_unless_protected(theirs, role or ColumnRole.protected)
            role = ColumnRole.protected
        if role is not None and ours not in RESERVED:
            roles[ours] = role
    unfair = [column for column in declarations.strata if roles.get(column) is ColumnRole.protected]
    if unfair:
        raise SettingsError(
            f"the protected column {unfair[0]!r} cannot make strata",
            where="bank.strata",
            remedy="protected columns serve the proxy audit alone; leave it out of bank.strata",
        )
    return roles


def _from_yaml(path: Path) -> Declarations:
    """Read `bank.yaml`; its roles become `ColumnRole`, its shape is checked."""
    try:
        content: Any = yaml.safe_load(path.read_text(encoding="utf-8-sig")) or {}
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise SettingsError(f"not readable as YAML: {error}", where=str(path)) from error
    if not isinstance(content, dict):
        raise SettingsError(f"expected keys {', '.join(KEYS)}", where=str(path))
    for key in content:
        check_known(str(key), list(KEYS), str(path))
    columns = content.get("columns") or {}
    entities = content.get("entities") or {}
    strata = content.get("strata") or []
    tables = content.get("tables") or {}
    ids = content.get("ids_ignore") or []
    well_formed = (
        is_text_mapping(entities)
        and is_text_mapping(tables)
        and isinstance(ids, list)
        and isinstance(columns, dict)
        and all(is_text_mapping(mapping) for mapping in columns.values())
        and isinstance(strata, list)
        and all(isinstance(column, str) for column in strata)
    )
    if not well_formed:
        raise SettingsError(
            "expected columns: {table: {our column: your column}}, entities: {column: role}, strata: [column], "
            "tables: {table: file}, ids_ignore: [rule]",
            where=str(path),
        )
    for role in entities.values():
        check_known(role, [str(known) for known in ColumnRole], str(path))
    for rule in ids:
        check_known(str(rule), [str(known) for known in IdRule], f"{path}, ids_ignore")
    check_places(tables, f"{path}, tables")
    return Declarations(
        columns,
        {column: ColumnRole(role) for column, role in entities.items()},
        strata,
        tables=tables,
        dialects=dialects_of(content.get("dialects") or {}, str(path)),
        ids_ignore=[IdRule(rule) for rule in ids],
        owners=signs_of(content.get("owners") or {}, f"{path}, owners"),
        holders=holders_of(content.get("holders") or {}, f"{path}, holders"),
        customers_from=record_tables(content.get("customers_from") or [], f"{path}, customers_from"),
        numbered=record_tables(content.get("numbered") or [], f"{path}, numbered"),
        values=values_from_yaml(content, str(path)),
    )


def _check_columns(columns: dict[str, dict[str, str]], where: str) -> None:
    """Refuse tables, and columns of tables other than customers, that the contract does not know."""
    tables = contract.tables()
    for name, mapping in columns.items():
        check_known(name, list(tables), where)
        if name != CUSTOMERS.name:
            for ours in mapping:
                check_known(ours, list(tables[name].columns), f"{where}, {name}")


def _refuse_unless_protected(column: str, role: ColumnRole) -> None:
    if role is not ColumnRole.protected:
        raise SettingsError(
            f"{column!r} is protected and cannot be declared {role}",
            where="bank.entities",
            remedy="protected columns never make a link or a feature; leave the declaration out",
        )


def _conventional(column: str) -> ColumnRole | None:
    return CONVENTIONAL_ROLES.get(column.casefold())


def _no_column(column: str, use: str, setting: str, found_where: tuple[list[str], str]) -> DataError:
    found, where = found_where
    return DataError(
        f"no column {column!r}, {use}; found: {', '.join(found)}",
        where=where,
        remedy=f"correct {setting}{perhaps(column, found)}",
    )


def _absent(theirs: str, what: str, ours: str, found: list[str], given: GivenTable) -> DataError:
    nearest = (closest(theirs, found) or ["YOUR_COLUMN"])[0]
    return DataError(
        f"{what} is absent; found: {', '.join(found)}",
        where=given.where,
        remedy=f"map it, {'' if given.from_frame else 'in bank.yaml or '}by {given.mapping(ours, nearest)}",
    )
