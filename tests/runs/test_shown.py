"""What a value looks like where it is shown: a line in a terminal, a table in a notebook, and never a bank's markup."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from finished_runs import NOTHING, begun, finished
from made_results import results_with

from ringsight.detection.results import Results
from ringsight.online.common import CommonValue
from ringsight.online.similar import Similar, SimilarCustomers
from ringsight.records.bank import ColumnRole
from ringsight.records.embeddings import Embeddings
from ringsight.runs.run import Run

HOSTILE = "<script>alert(1)</script>"
RING = {"ring_id": "R1", "size": 4, "adjusted_score": 12.34567, "adjusted_q_value": 0.01234, "basis": "both"}


@pytest.fixture
def results() -> Results:
    rows = [RING | {"flagged": True}, RING | {"ring_id": "R2", "flagged": False}]
    return results_with(rings=pl.DataFrame(rows))


def test_results_say_how_many_rings_and_show_those_that_are_flagged(results: Results):
    assert repr(results) == "Results(2 rings, 1 flagged at a false-discovery rate of 0.05)"
    html = results._repr_html_()
    assert "<caption>2 rings, 1 flagged at a false-discovery rate of 0.05</caption>" in html
    assert "<tr><td>R1</td><td>4</td><td>12.3</td><td>0.0123</td><td>both</td></tr>" in html
    assert "R2" not in html


def test_where_no_rate_can_be_stated_none_is_named(results: Results):
    withheld = replace(results, summary=results.summary | {"rate_stated": False})
    assert repr(withheld) == "Results(2 rings, 1 flagged; no rate can be stated)"


def test_whatever_was_written_is_shown_as_text(results: Results):
    hostile = replace(results, rings=results.rings.with_columns(ring_id=pl.lit(HOSTILE)))
    common = (CommonValue("phone", HOSTILE, ColumnRole.evidence, 2, 3),)
    found = SimilarCustomers(
        HOSTILE, (Similar(HOSTILE, 0.5, {"notes": 0.5}, {}, "", common),), ("notes", "joint"), True
    )
    for html in (hostile._repr_html_(), found._repr_html_()):
        assert HOSTILE not in html
        assert "&lt;script&gt;" in html


def test_a_run_says_what_it_found_or_why_it_cannot_be_opened(results: Results, tmp_path: Path):
    assert repr(Run(tmp_path)) == f"Run({tmp_path}: no finished detection here (run.json is missing))"
    run = begun(tmp_path, results)
    assert "begun and not finished" in repr(run)
    assert run._repr_html_() == f"<p>{run!r}</p>"
    run = finished(tmp_path, results)
    assert repr(run) == f"Run({tmp_path}: 2 rings, 1 flagged at a false-discovery rate of 0.05)"
    assert results._repr_html_() in run._repr_html_()
    run.paths.table("rings").write_bytes(b"damaged")
    assert "missing or damaged" in repr(Run(tmp_path))


def test_banks_and_embeddings_say_how_much_is_in_them():
    assert repr(NOTHING) == "Bank(/nowhere: 0 customers, 0 transactions, 0 notes, 0 ID images, 0 set aside)"
    one = Embeddings("notes", np.array(["a"]), np.eye(1, 8, dtype=np.float32), "model", "data")
    assert repr(one) == "Embeddings(notes: 1 customers, 8 dimensions)"


def test_similar_customers_are_named():
    found = SimilarCustomers("a", (Similar("b", 0.5, {"notes": 0.5}, {}, "", ()),), ("notes", "joint"), True)
    assert repr(found) == "SimilarCustomers(a: b)"
    assert (len(found), found[0].customer_id, [each.customer_id for each in found]) == (1, "b", ["b"])
    assert "<td>b</td><td>0.5</td><td>0.5</td><td></td>" in found._repr_html_()
    assert repr(SimilarCustomers("a", (), (), True)) == "SimilarCustomers(a: nobody)"
    assert "<table>" in SimilarCustomers("a", (), (), True)._repr_html_()
