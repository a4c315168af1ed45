"""The filter language: what it means, what it refuses, and that both renderings agree on any filter."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from vector_world import NASTY, OLD, make_embeddings, make_scalars, some

from ringsight.errors import SettingsError
from ringsight.records.embeddings import Embeddings
from ringsight.vectors.filter_tokens import MAX_LENGTH
from ringsight.vectors.filters import (
    MAX_DEPTH,
    And,
    Filter,
    Not,
    OneOf,
    Or,
    Ordered,
    parse_filter,
    polars_expression,
)
from ringsight.vectors.milvus import MilvusStore
from ringsight.vectors.milvus.expressions import Template, takes_templates, template
from ringsight.vectors.opening import open_store
from ringsight.vectors.scalars import scalars_beside
from ringsight.vectors.vector_store import IndexKind, StoreConfig, StoreKind, VectorStore

MAY = int(datetime(2026, 5, 1, tzinfo=UTC).timestamp())
VALUES: dict[str, list[str] | list[int]] = {
    "customer_id": ["c00000", "c00042", "c00041' or 1 == 1", "zz"],
    "segment": [*NASTY, "", "x", "Zürich", "${x}", "{x}", "\u00a0", "🂡"],
    "region": ["north", "south", "", "northward", "n"],
    "opened_at": [int(datetime(2020, month, 1, tzinfo=UTC).timestamp()) for month in range(1, 5)] + [0, -1],
    "last_seen": [0, 1, MAY],
}


def written(condition: Filter) -> str:
    """A filter as a person writes it."""
    match condition:
        case OneOf(column, values):
            return f"{column} in [{', '.join(map(literal, values))}]"
        case Ordered(column, order, value):
            return f"{column} {order} {literal(value)}"
        case Not(part):
            return f"not ({written(part)})"
        case And(one, other):
            return f"({written(one)}) and ({written(other)})"
        case Or(one, other):
            return f"({written(one)}) or ({written(other)})"


def literal(value: str | int) -> str:
    return str(value) if isinstance(value, int) else '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'


def drawn(rng: np.random.Generator, depth: int = 4) -> Filter:
    """A random filter."""
    kind = int(rng.integers(5)) if depth else int(rng.integers(2))
    column = str(rng.choice(list(VALUES)))
    choices = VALUES[column]
    values = tuple(choices[int(i)] for i in rng.integers(len(choices), size=rng.integers(1, 4)))
    match kind:
        case 0:
            return OneOf(column, values)
        case 1:
            return Ordered(column, str(rng.choice(["<", "<=", ">", ">="])), values[0])
        case 2:
            return Not(drawn(rng, depth - 1))
        case 3:
            return And(drawn(rng, depth - 1), drawn(rng, depth - 1))
        case _:
            return Or(drawn(rng, depth - 1), drawn(rng, depth - 1))


@pytest.fixture(scope="module")
def people() -> Embeddings:
    return make_embeddings(90)


def filled(config: StoreConfig, people: Embeddings, scalars: pl.DataFrame | None = None) -> VectorStore:
    store = open_store(config)
    store.write(people, make_scalars(people) if scalars is None else scalars)
    store.promote(OLD)
    return store


@pytest.fixture(scope="module")
def lite(tmp_path_factory: pytest.TempPathFactory, people: Embeddings) -> Iterator[VectorStore]:
    with filled(StoreConfig(path=tmp_path_factory.mktemp("filters") / "vectors.db"), people) as store:
        yield store


@pytest.mark.parametrize("seed", range(60))
def test_milvus_and_the_twin_find_the_same_customers_by_any_filter(
    lite: VectorStore, people: Embeddings, seed: int
) -> None:
    condition = parse_filter(written(drawn(np.random.default_rng(seed))))
    scalars = scalars_beside(people, make_scalars(people))
    fits = scalars.filter(polars_expression(condition))["customer_id"].to_list()
    found = lite.search(some(people, [0]), 90, condition).ids[0]
    assert set(found) - {""} == set(fits) - {"c00000"}


@pytest.mark.parametrize("seed", range(200))
def test_what_is_written_is_what_is_parsed(seed: int) -> None:
    condition = drawn(np.random.default_rng(1000 + seed))
    assert parse_filter(written(condition)) == condition


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("region == 'EU'", OneOf("region", ("EU",))),
        ("region!='EU'", Not(OneOf("region", ("EU",)))),
        ("segment not in ('a', \"b\")", Not(OneOf("segment", ("a", "b")))),
        ("segment == 'it\\'s'", OneOf("segment", ("it's",))),
        ("last_seen > '2026-05-01'", Ordered("last_seen", ">", MAY)),
        ("last_seen > '2026-05-01T02:00:00+02:00'", Ordered("last_seen", ">", MAY)),
        (f"last_seen > {MAY}", Ordered("last_seen", ">", MAY)),
        (
            "region == 'a' OR region == 'b' AND NOT segment == 'c'",
            Or(OneOf("region", ("a",)), And(OneOf("region", ("b",)), Not(OneOf("segment", ("c",))))),
        ),
    ],
)
def test_meaning(text: str, meant: Filter) -> None:
    assert parse_filter(text) == meant


@pytest.mark.parametrize(
    ("text", "character", "expected"),
    [
        ("", 1, "a column"),
        ("   ", 4, "a column"),
        ("regoin == 'EU'", 1, "perhaps 'region'"),
        ("name == 'Li'", 1, "customer_id, segment, region, opened_at, last_seen"),
        ("region = 'EU'", 8, "`==`"),
        ("region == EU", 11, "quoted text"),
        ("region == 3", 11, "quoted text to compare region with"),
        ("last_seen > 'yesterday'", 13, "a moment"),
        ("last_seen > '2026-05-01 10:00:00.5'", 13, "a moment"),
        ("last_seen > 1.5", 13, "whole number"),
        ("last_seen > 99999999999999999999", 13, "whole number"),
        ("region == 'EU", 11, "text that ends in '"),
        ("region == 'a\\x'", 11, "\\\\ for the backslash"),
        ("region == 'a\nb'", 13, "without control characters"),
        ("region == 'a\udc80'", 13, "without control characters"),
        ("region == 'EU' region == 'US'", 16, "`and`, `or` or the end"),
        ("region == 'EU' and", 19, "a column"),
        ("(region == 'EU'", 16, "`)`"),
        ("region in []", 12, "quoted text"),
        ("region in ['a' 'b']", 16, "`,` or `]`"),
        ("region in 'a'", 11, "`[` or `(`"),
        ("region not 'a'", 12, "`in`"),
        ("region", 7, "a comparison of region"),
        ("region == 'a' && segment == 'b'", 15, "`and`"),
        ("'EU' == region", 1, "a column"),
        ("region == 'a'; drop", 14, "a column, a comparison"),
        ("vector == 'a'", 1, "a column"),
        ("region like 'a'", 8, "a comparison of region"),
    ],
)
def test_what_makes_no_sense_is_refused_where_it_stops(text: str, character: int, expected: str) -> None:
    with pytest.raises(SettingsError, match=re.escape(expected)) as refused:
        parse_filter(text)
    assert refused.value.where == f"where, character {character}"


@pytest.mark.parametrize(
    "text",
    ["(" * 3000, "not " * 900 + "region == 'a'", "region == '" + "a" * MAX_LENGTH + "'"],
    ids=["parentheses", "negations", "long"],
)
def test_what_is_too_deep_or_too_long_is_refused(text: str) -> None:
    with pytest.raises(SettingsError, match="at most"):
        parse_filter(text)


def test_as_deep_as_may_be_is_taken(lite: VectorStore, people: Embeddings) -> None:
    deep = parse_filter("not " * (MAX_DEPTH - 2) + "region >= 'south'")
    assert np.isfinite(lite.search(some(people, [0]), 30, deep).similarities).all()
    with pytest.raises(SettingsError, match="at most"):
        parse_filter("not " * (MAX_DEPTH - 1) + "region >= 'south'")


@pytest.mark.parametrize("seed", range(300))
def test_any_text_is_parsed_or_refused_and_nothing_else_happens(seed: int) -> None:
    rng = np.random.default_rng(seed)
    pieces = [
        "region",
        "==",
        "'a'",
        "(",
        ")",
        "and",
        "or",
        "not",
        "in",
        "[",
        "]",
        ",",
        "1",
        "\\",
        '"',
        "\x00",
        "é",
        "<",
    ]
    text = "".join(rng.choice(pieces, size=rng.integers(1, 12)))
    try:
        condition = parse_filter(text)
    except SettingsError as refused:
        assert "Remedy" in str(refused)
    else:
        assert parse_filter(written(condition)) == condition


@pytest.mark.parametrize("attempt", ["' or 1 == 1 or '", '" or "" == "', '\\" or 1 == 1 --', '"] or region in ["north'])
def test_an_attempt_to_break_out_of_a_literal_stays_in_it(lite: VectorStore, people: Embeddings, attempt: str) -> None:
    condition = OneOf("region", (attempt,))
    assert parse_filter(written(condition)) == condition
    assert lite.search(some(people, [0]), 5, condition).ids.tolist() == [[""] * 5]
    outside = re.sub(r'"(?:[^"\\]|\\.)*"', "", template(condition).literal)
    assert outside == "region in []"


@pytest.mark.parametrize("seed", range(20))
def test_a_template_holds_no_value_and_names_each_once(seed: int) -> None:
    condition = drawn(np.random.default_rng(seed))
    made = template(condition)
    assert not re.search(r"['\"\d]", re.sub(r"\{v\d+\}", "", made.text))
    assert re.findall(r"\{(v\d+)\}", made.text) == list(made.values)


def test_a_server_that_takes_templates_gets_values_apart(lite: VectorStore, people: Embeddings) -> None:
    """No such server runs here: what it would be asked is asked of Milvus Lite, with the values put in."""
    assert isinstance(lite, MilvusStore)
    connection, client = lite._open, lite._open.client
    real, asked = client.search, []

    def search(*args: object, filter: str, filter_params: dict[str, object], **options: object) -> object:
        asked.append((filter, filter_params))
        return real(*args, filter=Template(filter, filter_params).literal, **options)  # type: ignore[arg-type]

    condition = parse_filter("region == 'north' and segment != 'x' or last_seen > 5")
    expected = lite.search(some(people, [0]), 5, condition).ids.tolist()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(connection, "_templates", True)
        patch.setattr(client, "search", search)
        assert lite.search(some(people, [0]), 5, condition).ids.tolist() == expected
    assert asked == [
        (
            "((region in {v0}) and (not (segment in {v1}))) or ((last_seen != {v2} and last_seen > {v3}))",
            {"v0": ["north"], "v1": ["x"], "v2": 0, "v3": 5},
        )
    ]


@pytest.mark.parametrize(
    ("version", "takes"),
    [
        ("2.6.15", True),
        ("v2.5.0", True),
        ("3.0.1", True),
        ("v2.3.5-lite", False),
        ("2.4.23", False),
        ("milvus-lite-3.2.2", False),
        ("", False),
    ],
)
def test_templates_are_for_servers_that_have_them(version: str, takes: bool) -> None:
    assert takes_templates(version) is takes


def test_a_table_without_rows_is_filtered() -> None:
    empty = scalars_beside(some(make_embeddings(1), slice(0)), None)
    assert len(empty.filter(polars_expression(parse_filter("region == 'a' or last_seen < 3")))) == 0


@pytest.mark.slow
@pytest.mark.parametrize("index", [IndexKind.hnsw, IndexKind.ivf_flat, IndexKind.autoindex])
def test_few_who_fit_are_compared_exactly_whatever_the_index(index: IndexKind, tmp_path: Path) -> None:
    crowd = make_embeddings(2000, dim=24, seed=4)
    scalars = make_scalars(crowd).with_columns(
        region=pl.Series(["rare" if i % 100 == 0 else "common" for i in range(2000)])
    )
    condition = parse_filter("region == 'rare'")
    queries = some(crowd, slice(0, 40))
    with (
        filled(StoreConfig(path=tmp_path / "vectors.db", index=index), crowd, scalars) as store,
        filled(StoreConfig(kind=StoreKind.memory), crowd, scalars) as twin,
    ):
        found, expected = store.search(queries, 10, condition), twin.search(queries, 10, condition)
    np.testing.assert_allclose(found.similarities, expected.similarities, atol=2.1e-6)
    assert (found.ids == expected.ids).mean() > 0.99
