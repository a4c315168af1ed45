"""Who changed is embedded again, and nobody else; what stays, stays bit for bit."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from numpy.typing import NDArray

from ringsight.encoders import registered
from ringsight.pipeline.embed import embed
from ringsight.records.bank import Bank
from ringsight.records.customer_fingerprints import customer_fingerprints
from ringsight.records.embeddings import Embeddings
from ringsight.runs.erasure import erase_from_results
from ringsight.runs.run import Run

pytestmark = pytest.mark.slow
Embedded = dict[str, Embeddings]


@pytest.fixture(scope="module")
def last(bank: Bank, model: Path, tmp_path_factory: pytest.TempPathFactory) -> Run:
    run = Run(tmp_path_factory.mktemp("last"))
    embed(bank, model, into=run)
    return run


@pytest.fixture
def embedded(monkeypatch: pytest.MonkeyPatch) -> dict[str, set[str]]:
    """Modality -> customers whose records an encoder was given."""
    found: dict[str, set[str]] = {}

    def counting(encoder: registered.Encoder) -> Callable[[Bank, Path], tuple[Embeddings, ...]]:
        def counted(bank: Bank, part: Path) -> tuple[Embeddings, ...]:
            found[encoder.modality] = set(bank.table(encoder.modality)["customer_id"].to_list())
            return encoder.embed(bank, part)

        return counted

    every = tuple(replace(each, embed=counting(each)) for each in registered.ENCODERS)
    monkeypatch.setattr(registered, "ENCODERS", every)
    return found


def vectors(embeddings: Embedded, customer: str) -> dict[str, NDArray[np.float32]]:
    return {
        space: each.vectors[each.rows_in(np.array([customer]))[0]]
        for space, each in embeddings.items()
        if customer in each.customer_ids
    }


def same(one: Embedded, other: Embedded, customers: list[str]) -> bool:
    for customer in customers:
        first, second = vectors(one, customer), vectors(other, customer)
        if first.keys() != second.keys() or any(not np.array_equal(first[space], second[space]) for space in first):
            return False
    return True


def test_where_nothing_changed_nobody_is_embedded(
    bank: Bank, model: Path, last: Run, embedded: dict[str, set[str]], tmp_path: Path
) -> None:
    again = embed(bank, model, into=Run(tmp_path), after=last)
    assert embedded == {"transactions": set(), "notes": set(), "id_images": set()}
    assert same(again, last.embeddings(), bank.customers["customer_id"].to_list())
    assert {each.data_hash for each in again.values()} == {bank.data_hash}


def test_who_changed_left_or_came_is_embedded_alone(
    bank: Bank, model: Path, last: Run, embedded: dict[str, set[str]], tmp_path: Path
) -> None:
    spends, writes, gone, new = "c000", "c001", "c002", "c006"
    known = pl.col("customer_id") != new
    before = bank.with_records(**{name: records.filter(known) for name, records in bank.records.items()})
    run = Run(tmp_path / "before")
    embed(before, model, into=run)
    of_spender = pl.col("customer_id") == spends
    now = bank.with_records(
        transactions=bank.transactions.with_columns(
            amount=pl.when(of_spender).then(pl.col("amount") * 2).otherwise("amount")
        ).filter(pl.col("customer_id") != gone),
        notes=bank.notes.with_columns(
            text=pl.when(pl.col("customer_id") == writes).then(pl.lit("paya carda loani")).otherwise("text")
        ).filter(pl.col("customer_id") != gone),
        id_images=bank.id_images.filter(pl.col("customer_id") != gone),
    )
    now = replace(now, data_hash="another")
    embedded.clear()
    made = embed(now, model, into=Run(tmp_path / "now"), after=run)
    assert embedded == {"transactions": {spends, new}, "notes": {writes, new}, "id_images": {new}}
    rest = set(bank.customers["customer_id"].to_list()) - {spends, writes, gone, new}
    assert same(made, run.embeddings(), sorted(rest))
    anew = embed(now, model)
    assert made.keys() == anew.keys()
    for space, each in made.items():
        np.testing.assert_array_equal(each.customer_ids, anew[space].customer_ids)
        np.testing.assert_allclose(each.vectors, anew[space].vectors, atol=5e-6)  # sums in another order
    assert not np.allclose(vectors(made, spends)["joint"], vectors(run.embeddings(), spends)["joint"], atol=1e-3)


def test_another_part_of_the_model_embeds_its_modality_again(
    bank: Bank, model: Path, last: Run, embedded: dict[str, set[str]], tmp_path: Path
) -> None:
    made_from = last.embedded_from()
    assert made_from is not None
    other = Run(tmp_path / "other")
    of_notes = pl.col("modality") == "notes"
    made_by = pl.when(of_notes).then(pl.lit("0.0 another")).otherwise("made_by")
    other.write_embeddings(last.embeddings(), made_from.with_columns(made_by=made_by))
    embed(bank, model, into=Run(tmp_path / "now"), after=other)
    assert embedded["notes"] == set(bank.notes["customer_id"].to_list())
    assert embedded["transactions"] == embedded["id_images"] == set()


def test_embeddings_of_which_nothing_more_is_known_are_made_anew(
    bank: Bank, model: Path, last: Run, embedded: dict[str, set[str]], tmp_path: Path
) -> None:
    other = Run(tmp_path / "other")
    other.write_embeddings(last.embeddings())
    embed(bank, model, into=Run(tmp_path / "now"), after=other)
    assert embedded["notes"] == set(bank.notes["customer_id"].to_list())


def test_an_erased_customer_leaves_no_fingerprint(last: Run, tmp_path: Path) -> None:
    made_from = last.embedded_from()
    assert made_from is not None and "c000" in made_from["customer_id"]
    run = Run(tmp_path)
    run.write_embeddings(last.embeddings(), made_from)
    erase_from_results(run.paths, "c000", "erased:1")
    left = run.embedded_from()
    assert left is not None
    assert left.equals(made_from.filter(pl.col("customer_id") != "c000"))


def test_a_fingerprint_is_of_what_records_say_and_not_of_their_ids(bank: Bank) -> None:
    before = customer_fingerprints(bank)
    renumbered = bank.transactions.with_columns(transaction_id=pl.concat_str(pl.lit("x"), "transaction_id"))
    assert customer_fingerprints(bank.with_records(transactions=renumbered)).equals(before)
    split = bank.notes.with_columns(text=pl.col("text") + "\n")
    after = customer_fingerprints(bank.with_records(notes=split))
    differing = before.join(after, on=before.columns, how="anti")
    assert set(differing["modality"]) == {"notes"}
    assert set(differing["customer_id"]) == set(bank.notes["customer_id"].to_list())


def test_an_image_counts_by_its_content(bank: Bank, tmp_path: Path) -> None:
    moved = bank.id_images.with_columns(path=pl.concat_str(pl.lit("moved-"), "path"))
    for one, other in zip(bank.id_images["path"], moved["path"], strict=True):
        (tmp_path / other).write_bytes((bank.path / one).read_bytes())
    elsewhere = replace(bank.with_records(id_images=moved), path=tmp_path)
    assert customer_fingerprints(elsewhere).equals(customer_fingerprints(bank))
    first, second = moved["path"][:2]
    (tmp_path / first).write_bytes((tmp_path / second).read_bytes())
    assert customer_fingerprints(elsewhere).equals(customer_fingerprints(bank)) is False
