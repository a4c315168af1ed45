"""What a bank says of its tables: where they are, how they are written, and whose records they hold; each word checked.

Errors name the nearest word that is known.
"""

from dataclasses import fields
from difflib import get_close_matches
from enum import StrEnum
from pathlib import Path

from ringsight.errors import SettingsError
from ringsight.records import contract
from ringsight.records.dialect import Dialect

ALL = "all"
"""What stands for every table, in `dialects`."""
HOLDERS = "holders"
"""A table beside those of the contract, of which dialects may be told."""
HOLDERS_WORDS = ("file", "account", "customer", "of")
"""What `holders` may say: a table's file, its columns of accounts and of customers, and which records name accounts."""


def dialects_of(given: object, path: str) -> dict[str, Dialect]:
    """The dialects of a `bank.yaml`, each word checked.

    Raises:
        SettingsError: naming the first word that will not do.
    """
    if not isinstance(given, dict) or not all(isinstance(each, dict) for each in given.values()):
        raise SettingsError("expected dialects: {table: {word: value}}", where=path)
    found: dict[str, Dialect] = {}
    kinds = {each.name: type(getattr(Dialect(), each.name)) for each in fields(Dialect)}
    for table, words in given.items():
        where = f"{path}, dialects, {table}"
        check_known(str(table), [ALL, HOLDERS, *contract.tables()], where)
        for word, value in words.items():
            check_known(str(word), list(kinds), where)
            if issubclass(kinds[word], StrEnum):
                check_known(str(value), [str(known) for known in kinds[word]], f"{where}, {word}")
            elif not isinstance(value, kinds[word]) or isinstance(value, bool):
                wanted = "a number" if kinds[word] is int else "text, in quotation marks"
                raise SettingsError(f"{word} must be {wanted} (got {value!r})", where=where)
        try:
            found[str(table)] = Dialect(**words)
        except SettingsError as error:
            raise SettingsError(error.what, where=where) from error
    return found


def check_places(tables: dict[str, str], where: str) -> None:
    """Refuse tables that the contract does not know, and files outside the bank's folder.

    Raises:
        SettingsError: naming the first.
    """
    for name, place in tables.items():
        check_known(name, list(contract.tables()), where)
        check_place(place, where)


def check_place(place: str, where: str) -> None:
    """Refuse a file outside the bank's folder.

    Raises:
        SettingsError: naming it.
    """
    if not place or "\\" in place or Path(place).is_absolute() or ".." in Path(place).parts:
        raise SettingsError(
            f"{place!r} is no file inside the bank's folder", where=where, remedy="name it from the bank's folder on"
        )


def record_tables(given: object, where: str) -> list[str]:
    """Tables of records that a `bank.yaml` names.

    Raises:
        SettingsError: if it is no list of them.
    """
    if not isinstance(given, list):
        raise SettingsError("expected a list of tables, such as [transactions]", where=where)
    tables = [str(name) for name in given]
    check_record_tables(tables, where)
    return tables


def check_record_tables(tables: list[str], where: str) -> None:
    """Refuse tables that are none of records.

    Raises:
        SettingsError: naming the first.
    """
    for name in tables:
        check_known(name, [table.name for table in contract.RECORD_TABLES], where)


def signs_of(given: object, where: str) -> dict[str, str]:
    """What parts several customers in the cells of tables: {table: sign}.

    Raises:
        SettingsError: if it is no such mapping.
    """
    if not isinstance(given, dict) or not all(isinstance(sign, str) and sign.strip() for sign in given.values()):
        raise SettingsError("expected {table: sign}, such as {transactions: ';'}", where=where)
    check_record_tables([str(name) for name in given], where)
    return {str(name): sign.strip() for name, sign in given.items()}


def holders_of(given: object, where: str) -> dict[str, str]:
    """Where it stands which customers hold an account; several tables in `of` become one text.

    Raises:
        SettingsError: for a word that is not known, and a file outside the bank's folder.
    """
    if not isinstance(given, dict):
        raise SettingsError("expected {file: FILE, account: COLUMN, customer: COLUMN, of: [table]}", where=where)
    for word in given:
        check_known(str(word), list(HOLDERS_WORDS), where)
    tables = given.get("of", [])
    tables = [name.strip() for name in tables.split(",")] if isinstance(tables, str) else tables
    several = record_tables(tables, f"{where}, of")
    said = {str(word): str(value) for word, value in given.items() if word != "of"}
    if "file" in said:
        check_place(said["file"], where)
    return said | ({"of": ", ".join(several)} if several else {})


def is_text_mapping(value: object) -> bool:
    """Whether something is a mapping of text to text."""
    return isinstance(value, dict) and all(isinstance(item, str) for pair in value.items() for item in pair)


def check_known(word: str, valid: list[str], where: str) -> None:
    """Refuse a word that is not among the valid ones.

    Raises:
        SettingsError: naming the nearest of them.
    """
    if word not in valid:
        raise SettingsError(
            f"{word!r} is not known here; valid: {', '.join(valid)}",
            where=where,
            remedy=f"correct {word!r}{perhaps(word, valid)}",
        )


def closest(word: str, valid: list[str]) -> list[str]:
    """Find the valid word nearest to `word` in spelling, whatever the case of its letters; empty if none is near."""
    by_folded = {candidate.casefold(): candidate for candidate in valid}
    return [by_folded[match] for match in get_close_matches(word.casefold(), by_folded, n=1, cutoff=0.5)]


def perhaps(word: str, valid: list[str]) -> str:
    """The valid word nearest to `word`, as a remedy says it; empty if none is near."""
    return "".join(f" (perhaps {match!r})" for match in closest(word, valid))
