"""`ringsight similar`, as a user calls it."""

import json
import shutil

import polars as pl
import pytest
from tiny_world import World, ringsight

pytestmark = pytest.mark.slow


def customer_of(world: World) -> str:
    return str(pl.read_csv(world.bank / "customers.csv")["customer_id"][0])


def test_five_similar_customers_as_json(world: World) -> None:
    customer = customer_of(world)
    where = "region in ['north', 'east'] and not (last_seen < '2000-01-01')"
    words = (f"customer={customer}", "k=5", f"where={where}", "out=run", "format=json", "weights={notes: 1, joint: 2}")
    said = ringsight("similar", *words, cwd=world.folder)
    assert said.returncode == 0, said.stderr
    answer = json.loads(said.stdout)
    assert answer["where"] == where
    scores = [each["score"] for each in answer["similar"]]
    assert len(scores) == 5
    assert scores == sorted(scores, reverse=True)
    assert customer not in [each["customer_id"] for each in answer["similar"]]


def test_a_customer_whose_records_are_given_is_like_the_one_they_were_copied_from(world: World) -> None:
    customer, folder = customer_of(world), world.folder / "newcomer"
    folder.mkdir()
    for name, table in (
        ("customers", pl.read_csv(world.bank / "customers.csv", infer_schema=False)),
        ("transactions", pl.read_parquet(world.bank / "transactions.parquet")),
        ("call_notes", pl.read_csv(world.bank / "call_notes.csv", infer_schema=False)),
        ("id_images", pl.read_csv(world.bank / "id_images.csv", infer_schema=False)),
    ):
        own = table.filter(pl.col("customer_id").cast(pl.String) == customer)
        own.with_columns(customer_id=pl.lit("NEW")).write_parquet(folder / f"{name}.parquet")
    shutil.copytree(world.bank / "id_images", folder / "id_images")
    said = ringsight("similar", "customer=NEW", "k=1", "records=newcomer", "out=run", "format=json", cwd=world.folder)
    assert said.returncode == 0, said.stderr
    (twin,) = json.loads(said.stdout)["similar"]
    assert twin["customer_id"] == customer
    assert twin["score"] > 0.999


def test_notes_of_a_newcomer_that_the_model_cannot_read_are_passed_over(world: World) -> None:
    folder = world.folder / "foreign"
    folder.mkdir()
    note = "Клиент позвонил по поводу потерянной карты и попросил заблокировать счёт"
    rows = {"note_id": ["n1"], "customer_id": ["NEW"], "timestamp": ["2026-01-05 10:00:00"], "text": [note]}
    pl.DataFrame(rows).write_csv(folder / "call_notes.csv")
    pl.DataFrame({"customer_id": ["NEW"]}).write_csv(folder / "customers.csv")
    said = ringsight("similar", "customer=NEW", "records=foreign", "out=run", cwd=world.folder)
    assert "written in Cyrillic script" in said.stderr and "notes.base=FOLDER" in said.stderr
    assert said.returncode != 0 and "has no records that the model can embed" in said.stderr


def test_refusals_name_what_is_wrong(world: World) -> None:
    customer = customer_of(world)
    for words, named in (
        ((f"customer={customer[:-1]}",), customer),
        ((f"customer={customer}", "where=regoin == 'x'"), "perhaps 'region'"),
        ((f"customer={customer}", "where=region == '${oc.env:HOME}'"), "No other customers fit"),
    ):
        said = ringsight("similar", *words, "out=run", cwd=world.folder)
        assert named in said.stderr
        assert "Traceback" not in said.stderr
