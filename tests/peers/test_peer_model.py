"""What peers buy, what a customer does that they do not, and every question that makes no sense."""

from dataclasses import replace

import numpy as np
import polars as pl
import pytest
from bank_of_records import bank_of_records
from two_tribes import customers, purchases

from ringsight.errors import DataError, SettingsError
from ringsight.peers.histories import MOST_ITEMS, purchase_histories
from ringsight.peers.peer_model import PeerModel, fit_peers
from ringsight.peers.settings import BlendWeights, Order, PeersConfig
from ringsight.records.bank import ColumnRole
from ringsight.vectors.filters import parse_filter
from ringsight.vectors.opening import open_store
from ringsight.vectors.vector_store import StoreConfig, StoreKind

ALL = BlendWeights(own=1, neighbours=1, lately=1, items=1, ease=1, als=1, embedding=1, popularity=0.5)
CONFIG = PeersConfig(
    neighbours=20, largest_share=0.5, als_factors=2, embedding_dimensions=3, lately_days=30, weights=ALL
)
FISH = {"bait", "hook", "net", "boots", "rod"}


@pytest.fixture(scope="module")
def model() -> PeerModel:
    return fit_peers(purchase_histories(purchases(), item="thing"), CONFIG, customers=customers())


def test_peers_buy_what_the_tribe_buys(model: PeerModel):
    found = model.peers("F00", k=3, seen=False)
    assert {each.item for each in found[:2]} == {"net", "rod"}
    assert all(each.bought == 0 for each in found)
    assert len(found.peers) == 20 and all(peer.startswith("F") for peer in found.peers)
    assert "F00" not in found.peers
    assert found.served_by == "purchases"


def test_what_was_bought_before_is_in_or_out(model: PeerModel):
    bought = set(purchases().filter(pl.col("customer_id") == "G03")["thing"])
    assert bought & {each.item for each in model.peers("G03", k=MOST_ITEMS)} == bought
    assert not bought & {each.item for each in model.peers("G03", k=MOST_ITEMS, seen=False)}


def test_by_lift_comes_first_what_peers_lately_bought_beyond_the_base_rate(model: PeerModel):
    (first, *_) = model.peers("F00", order=Order.lift)
    assert (first.item, first.peers_lately, first.peers) == ("rod", 20, 20)
    assert first.base_rate == pytest.approx(29 / 60)
    share = (20 + 20 * first.base_rate) / 40
    assert first.lift == pytest.approx(share / first.base_rate)
    prior = 20 * first.base_rate
    draws = np.random.default_rng(0).beta(20 + prior, 20 - prior, 100_000) / first.base_rate
    assert first.lift_low == pytest.approx(np.quantile(draws, 0.05), rel=0.01)
    assert first.lift == pytest.approx(draws.mean(), rel=0.01)


def test_a_lift_is_never_below_its_lower_bound(model: PeerModel):
    for customer in ("F00", "F11", "G05", "NEW"):
        assert all(each.lift_low <= each.lift for each in model.peers(customer, k=MOST_ITEMS))


def test_not_everybody_is_a_peer():
    few = fit_peers(purchase_histories(purchases(), item="thing"), replace(CONFIG, neighbours=80, largest_share=0.2))
    assert len(few.peers("F00").peers) == 12


def test_a_session_gets_what_goes_with_its_items(model: PeerModel):
    found = model.peers_of_items(["seed", "rake"], k=3)
    assert {each.item for each in found} == {"spade", "pot", "bread"}
    assert found.customer_id == ""


def test_a_customer_without_purchases_is_served_by_metadata(model: PeerModel):
    found = model.peers("NEW", k=4)
    assert found.served_by == "metadata"
    assert {each.item for each in found} < FISH | {"bread"}
    assert all(peer.startswith("F") for peer in found.peers)
    nobody = model.peers("NOBODY", k=3)
    assert (nobody.served_by, nobody.peers) == ("popularity", ())
    assert nobody[0].item == "bread"


def test_protected_columns_and_those_that_make_links_serve_nobody():
    histories = purchase_histories(purchases(), item="thing")
    for role in (ColumnRole.protected, ColumnRole.evidence):
        with pytest.raises(SettingsError, match="metadata=sex"):
            fit_peers(histories, CONFIG, customers=customers(), metadata=["sex"], roles={"sex": role})


def test_a_filter_says_who_may_be_a_peer(model: PeerModel):
    assert set(model.peers("F00", where="customer_id in ['F03', 'F04', 'G01']").peers) == {"F03", "F04"}
    late = model.peers("F00", where="last_seen > '2026-04-01'")
    assert late.peers and all(peer.startswith("F") for peer in late.peers)
    assert model.peers("F00", where="region == 'inland'").served_by == "popularity"
    with pytest.raises(SettingsError, match="regoin"):
        model.peers("F00", where="regoin == 'x'")


def test_what_a_customer_does_and_peers_do_not(model: PeerModel):
    (only,) = model.unlike_peers("F29")
    assert (only.item, only.bought, only.peers_with, only.others_with) == ("lathe", 1, 0, 0)
    assert only.chance == 1.0  # nobody else has one: peers say nothing
    assert only.peers_most == pytest.approx(1 - 0.05 ** (1 / 20))
    assert list(model.unlike_peers("F01")) == []


def test_what_others_do_and_peers_do_not_is_the_least_to_be_expected():
    spied = pl.concat([purchases(), pl.DataFrame(purchases().row(0), schema=purchases().schema, orient="row")])
    odd = pl.DataFrame({"customer_id": ["F05"], "thing": ["spade"]}).join(
        purchases().select("timestamp").head(1), how="cross"
    )
    found = fit_peers(purchase_histories(pl.concat([spied, odd]), item="thing"), CONFIG).unlike_peers("F05")
    assert found[0].item == "spade"
    assert found[0].base_rate == pytest.approx(30 / 59)
    assert found[0].chance == pytest.approx((29 / 59) ** 20)


def test_every_question_that_makes_no_sense_is_refused_by_name(model: PeerModel):
    for ask, named in (
        (lambda: model.peers("F0O"), "customer 'F0O' bought nothing"),
        (lambda: model.unlike_peers("NEW"), "customer 'NEW' bought nothing"),
        (lambda: model.peers_of_items(["hok"]), "did you mean 'hook'"),
    ):
        with pytest.raises(DataError, match=named):
            ask()
    for ask, named in (
        (lambda: model.peers("F00", k=0), "k must lie between 1"),
        (lambda: model.peers("F00", k=MOST_ITEMS + 1), "k must lie between 1"),
        (lambda: model.unlike_peers("F00", k=0), "k must lie between 1"),
        (lambda: model.unlike_peers("F00", most_share=1.0), "most_share"),
        (lambda: model.peers_of_items([]), "at least one item"),
        (lambda: model.peers_of_items(["hook"], k=-1), "k must lie between 1"),
    ):
        with pytest.raises(SettingsError, match=named):
            ask()


def test_a_session_of_rare_items_alone_gets_what_everybody_buys(model: PeerModel):
    found = model.peers_of_items(["lathe"], k=2)
    assert found.served_by == "popularity"
    assert found[0].item == "bread"


def test_purchase_vectors_go_into_a_collection_of_their_own(model: PeerModel):
    embeddings = model.embeddings()
    assert embeddings.space == "purchases"
    with open_store(StoreConfig(kind=StoreKind.memory)) as store:
        store.write(embeddings, model.filters())
        store.promote(embeddings.model_hash)
        query = store.get("purchases", np.array(["F00"]))
        near = store.search(query, 10, parse_filter("region == 'coast' and last_seen < '2027-01-01'"))
    assert all(customer.startswith("F") for customer in near.ids[0].tolist())
    again = fit_peers(model.histories, CONFIG).embeddings()
    assert again.model_hash == embeddings.model_hash and again.data_hash == embeddings.data_hash


def test_answers_show_themselves_and_escape_what_a_bank_wrote(model: PeerModel):
    found = model.peers("F00", k=2)
    assert repr(found).startswith("PeerItems(F00: ")
    assert "<table>" in found._repr_html_()
    nasty = replace(found, customer_id="<script>")
    assert "<script>" not in nasty._repr_html_()
    assert found.as_dict()["items"][0]["item"] == found[0].item
    assert repr(model).startswith("PeerModel(60 customers, ")
    empty = replace(found, found=())
    assert "nothing" in repr(empty) and "<table>" in empty._repr_html_()


def test_one_customer_alone_has_no_peers():
    lonely = pl.DataFrame({"customer_id": ["A"], "thing": ["x"], "timestamp": [purchases()["timestamp"][0]]})
    model = fit_peers(purchase_histories(lonely, item="thing"), replace(CONFIG, fewest_buyers=1))
    assert model.peers("A").served_by == "popularity"
    assert list(model.unlike_peers("A")) == []


def test_items_that_too_few_bought_are_an_error_that_says_what_to_do():
    lonely = pl.DataFrame({"customer_id": ["A"], "thing": ["x"], "timestamp": [purchases()["timestamp"][0]]})
    with pytest.raises(DataError, match="no item was bought by 3 customers"):
        fit_peers(purchase_histories(lonely, item="thing"), CONFIG)


def test_the_same_purchases_in_any_order_give_the_same_answer(model: PeerModel):
    shuffled = purchases().sample(fraction=1, shuffle=True, seed=3)
    again = fit_peers(purchase_histories(shuffled, item="thing"), CONFIG, customers=customers().reverse())
    for customer in ("F00", "G07", "NEW"):
        assert again.peers(customer) == model.peers(customer)


def test_a_bank_is_taken_as_it_is():
    bought = purchases().with_row_index("n")
    rows = bought.select(
        "customer_id",
        "timestamp",
        transaction_id=pl.format("T{}", "n"),
        amount=pl.lit(-5.0),
        counterparty_id=pl.col("thing").cast(pl.Categorical),
    )
    bank = bank_of_records(customers=customers().drop("sex").to_dicts(), transactions=rows)
    assert {each.item for each in fit_peers(bank, CONFIG).peers("F00", k=2, seen=False)} == {"net", "rod"}
