"""One word for one thing: names of classes, modules, pages, commands and columns are held against docs/glossary.md."""

import ast
import importlib
import pkgutil
import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path

import polars as pl
import pytest

import ringsight.detection
from ringsight.jobs.cli import JOBS

HERE = Path(__file__).parents[1]
SOURCE = HERE / "src" / "ringsight"
GLOSSARY = (HERE / "docs" / "glossary.md").read_text(encoding="utf-8")
REMEDY = "add it to docs/glossary.md (a term with its meaning, or a plain word), or use the term that is there"


def section(title: str) -> str:
    """The text under a heading of the second level."""
    return GLOSSARY.split(f"\n## {title}\n")[1].split("\n## ")[0]


def rows(title: str) -> list[list[str]]:
    """The cells of the tables in a section, without their heads."""
    lines = re.findall(r"^\|(.*)\|$", section(title), re.MULTILINE)
    cells = [[cell.strip() for cell in line.split("|")] for line in lines]
    heads = {at - 1 for at, line in enumerate(cells) if set("".join(line)) <= {"-"}}
    return [line for at, line in enumerate(cells) if at not in heads and at - 1 not in heads]


def parted(text: str) -> list[str]:
    return [part for part in (part.strip() for part in text.split(",")) if part]


def stem(word: str) -> str:
    """A word without the ending of its plural."""
    for ending, rest in (("ies", "y"), ("sses", "ss"), ("ches", "ch"), ("xes", "x"), ("s", "")):
        if word.endswith(ending) and not word.endswith(("ss", "us", "is")):
            return word.removesuffix(ending) + rest
    return word


def words(name: str) -> list[str]:
    """The stems of a name in snake case, camel case or prose: `IdImagesTask` -> id, image, task."""
    spaced = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", " ", name)
    return [stem(word) for word in re.findall(r"[a-z0-9]+", spaced.lower())]


def modules() -> dict[str, list[str]]:
    """Name of a module -> the rooms that have one of this name."""
    found: dict[str, list[str]] = defaultdict(list)
    for path in SOURCE.rglob("*.py"):
        named = path.parent if path.stem == "__init__" else path
        if "versions" not in path.parts and named != SOURCE:
            found[named.stem].append(named.relative_to(SOURCE).parent.as_posix())
    return found


@cache
def classes() -> dict[str, list[str]]:
    """Name of a public class -> the modules that define one of this name."""
    found: dict[str, list[str]] = defaultdict(list)
    for path in SOURCE.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                found[node.name].append(path.relative_to(SOURCE).as_posix())
    return found


def pages() -> set[str]:
    return {path.name.split(".")[0] for path in SOURCE.rglob("templates/*.html*")}


def tables() -> dict[str, Mapping[str, object]]:
    """Name of a table of a run -> its columns."""
    found: dict[str, Mapping[str, object]] = {}
    for module in pkgutil.iter_modules(ringsight.detection.__path__, "ringsight.detection."):
        for name, value in vars(importlib.import_module(module.name)).items():
            if name.isupper() and isinstance(value, Mapping) and value and all(map(is_type, value.values())):
                found[name.lower()] = value
    return found


def is_type(value: object) -> bool:
    return isinstance(value, type) and issubclass(value, pl.DataType)


TERMS = [term for row in rows("Terms") for term in parted(row[0])]
PLAIN = parted(section("Plain words").split("\n\n")[-1].replace("\n", " "))
KNOWN = {word for term in TERMS + PLAIN for word in words(term)}
ELSEWHERE = {synonym for row in rows("Terms") for synonym in parted(row[2])}
RECURRING = {name for row in rows("File names that recur") for name in parted(row[0])}


def unknown(names: Iterable[str]) -> dict[str, list[str]]:
    """Words that the glossary does not have -> the names that use them."""
    found: dict[str, list[str]] = defaultdict(list)
    for name in sorted(names):
        for word in set(words(name)) - KNOWN:
            found[word].append(name)
    return dict(found)


@pytest.mark.parametrize(
    "names", [modules, classes, pages, lambda: set(JOBS)], ids=["module", "class", "page", "command"]
)
def test_every_word_of_a_name_is_in_the_glossary(names):  # noqa: ANN001
    assert unknown(names()) == {}, REMEDY


@pytest.mark.parametrize(
    "names", [modules, classes, pages, lambda: set(JOBS)], ids=["module", "class", "page", "command"]
)
def test_no_name_uses_what_others_say_for_a_term(names):  # noqa: ANN001
    single = {stem(synonym.lower()) for synonym in ELSEWHERE if synonym.isalpha()}
    assert {name for name in names() if single & set(words(name))} == set(), "docs/glossary.md has the term for it"


def test_a_class_name_has_one_meaning():
    assert {name: where for name, where in classes().items() if len(where) > 1} == {}, (
        "two classes, one name: rename one"
    )


def test_a_file_name_has_one_meaning():
    several = {name: rooms for name, rooms in modules().items() if len(rooms) > 1 and name not in RECURRING}
    apart = {name: rooms for name, rooms in several.items() if not {"jobs", "pipeline"} & set(rooms)}
    assert apart == {}, (
        "rename one, or say in docs/glossary.md, under 'File names that recur', what it means in each room"
    )


def test_each_term_is_explained_once():
    assert sorted({term for term in TERMS if TERMS.count(term) > 1}) == []
    assert all(meaning for _, meaning, _ in rows("Terms"))
    assert set(TERMS) & ELSEWHERE == set()
    assert (
        sorted(word for word in PLAIN if {*words(word)} <= {stem(part) for term in TERMS for part in words(term)}) == []
    )


def test_plain_words_are_sorted():
    assert sorted(set(PLAIN)) == PLAIN


def test_every_column_is_explained():
    everywhere = {column for row in rows("Columns") if len(row) == 2 for column in parted(row[0])}
    of_table = {(row[0], row[1]) for row in rows("Columns") if len(row) == 3}
    assert {"rings", "members", "links", "agreement"} <= set(tables())
    missing = [
        f"{table}.{column}"
        for table, columns in sorted(tables().items())
        for column in columns
        if column not in everywhere and (table, column) not in of_table
    ]
    assert missing == [], "explain them in docs/glossary.md, under 'Columns'"


def test_every_command_is_explained_here_and_in_the_readme():
    assert {row[0] for row in rows("Commands")} == set(JOBS)
    readme = (HERE / "README.md").read_text(encoding="utf-8")
    assert [job for job in JOBS if f"`ringsight {job}" not in readme and f"`{job}`" not in readme] == []
