"""What two linked customers share: every value, how rare it is, and how it was written."""

from dataclasses import replace

import polars as pl
from four_rings import bank_of_twenty

from ringsight.explain.shared_values import evidence_columns, shared_values
from ringsight.records.bank import ColumnRole
from ringsight.records.written import SPELLINGS, Written
from ringsight.report.members import carried_values, records_of


def test_a_link_tells_every_value_that_is_shared_and_how_it_was_written():
    bank = bank_of_twenty()
    several = bank.customers.with_columns(device_id=pl.concat_list("device_id", pl.lit("D-hub")))
    spelt = pl.DataFrame([("b", "device_id", "D-both", "d both")], schema=SPELLINGS, orient="row")
    bank = replace(bank, customers=several, written=Written(spellings=spelt))
    rare, hub, phone = shared_values(evidence_columns(bank, {"a", "b"}), "a", "b", {"device_id": 3.0})
    assert (rare.value, rare.written, rare.customers, rare.bits, rare.hub) == ("D-both", ("d both",), 2, 3.0, False)
    assert (hub.value, hub.written, hub.customers, hub.bits) == ("D-hub", (), 20, 0.0)
    assert phone.column == "phone"
    told = carried_values(records_of(bank, ["a", "b", "c"]), ["a", "b", "c"])
    devices = [(each.value, each.written, each.carriers) for each in told if each.column == "device_id"]
    assert devices == [("D-hub", (), 3), ("D-both", ("d both",), 2)]
    assert {each.role for each in told if each.column == "branch"} == {ColumnRole.innocent}


def test_customers_who_share_nothing_have_no_value_in_common():
    columns = evidence_columns(bank_of_twenty(), {"a", "d"})
    assert {each.column for each in shared_values(columns, "a", "d", {})} == {"phone"}
    assert evidence_columns(bank_of_twenty(), set())[0].values == {}
