"""Decisions from one run to the next: they are about customers, not ring ids, so they stand whatever rings do."""

import networkx as nx
import polars as pl

from ringsight.records.decisions import DECISIONS, DIFFERENT, SAME_HAND

CARRIED = DECISIONS | {"ring_a": pl.String, "ring_b": pl.String, "against": pl.String}


def carry_over(decisions: pl.DataFrame, members: pl.DataFrame) -> pl.DataFrame:
    """Say on which rings of a run decided pairs bear, and which decisions contradict each other.

    Args:
        decisions: columns of `DECISIONS`, from any earlier run.
        members: columns of `results.MEMBERS`, of the present one.

    Returns:
        Columns of `CARRIED`, one row per decision, sorted: the rings of both customers, empty for none; where they are
        one ring the decision bears on its inside, else on what parts two rings. `against` is empty unless the decision
        is `different` and others tie the two: then the customers along the shortest way of `same_hand` between them,
        parted by spaces, both ends included.
    """
    rings = {customer: ring for ring, customer in members.select("ring_id", "customer_id").iter_rows()}
    decided = decisions.select(list(DECISIONS)).unique().sort(list(DECISIONS))
    ties: nx.Graph[str] = nx.Graph()
    ties.add_edges_from((a, b) for a, b, decision in decided.iter_rows() if decision == SAME_HAND)
    rows = [
        (a, b, decision, rings.get(a, ""), rings.get(b, ""), _against(ties, a, b) if decision == DIFFERENT else "")
        for a, b, decision in decided.iter_rows()
    ]
    return pl.DataFrame(rows, schema=CARRIED, orient="row")


def _against(ties: "nx.Graph[str]", a: str, b: str) -> str:
    if a not in ties or b not in ties or not nx.has_path(ties, a, b):
        return ""
    return " ".join(nx.shortest_path(ties, a, b))
