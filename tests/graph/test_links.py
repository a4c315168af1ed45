"""Links: which pairs are worth a look, and how many strangers pass by chance."""

from dataclasses import replace

import numpy as np
import polars as pl
import pytest
from simulated_sources import all_pairs, trace_of

from ringsight.graph.links import bits_above_chance, combined_links, combined_threshold, source_links, threshold_bits
from ringsight.graph.sources import CHANCE_BITS, Trace, entity_sources


@pytest.mark.parametrize("modalities", [1, 2, 3])
@pytest.mark.parametrize("chance_links", [0.5, 2.0, 5.0])
def test_so_many_strangers_pass_as_were_asked(modalities: int, chance_links: float):
    rng = np.random.default_rng(7)
    customers, strangers = 200, 1000
    total = sum(-np.log2(rng.random((customers, strangers))) - CHANCE_BITS for _ in range(modalities))
    passing = (total >= combined_threshold(strangers, modalities, chance_links)).sum(axis=1).mean()
    # a Poisson mean over 200 customers, four standard errors
    assert passing == pytest.approx(chance_links, abs=4 * np.sqrt(chance_links / customers))


def test_one_modality_needs_what_the_rank_says():
    assert combined_threshold(1000, 1, 8.0) == pytest.approx(np.log2(1000 / 8) - CHANCE_BITS)


@pytest.mark.parametrize("customers", [0, 1, 3, 10**6])
def test_the_threshold_is_finite_for_any_bank(customers: int):
    assert np.isfinite(combined_threshold(customers, 3, 2.0))


def test_more_links_by_chance_need_fewer_bits():
    thresholds = [combined_threshold(5000, 3, links) for links in (0.1, 1.0, 10.0)]
    assert thresholds == sorted(thresholds, reverse=True)


def test_a_link_is_as_close_as_mutual_kth_neighbours():
    trace = trace_of(np.random.default_rng(0).normal(size=(60, 6)), keep=8)
    links = source_links(trace, 8)
    assert threshold_bits(trace, 8) == pytest.approx(np.log2(59 / 8))
    assert len(links.a)
    assert (links.a < links.b).all()
    assert links.bits.min() >= threshold_bits(trace, 8)
    np.testing.assert_array_equal(links.bits, trace.pair_bits(links.a, links.b))


def test_a_vector_that_more_share_than_k_makes_no_link():
    vectors = np.random.default_rng(0).normal(size=(100, 6))
    vectors[:40] = vectors[0]
    links = source_links(trace_of(vectors, keep=8), 8)
    assert not ((links.a < 40) & (links.b < 40)).any()


@pytest.fixture
def traces() -> list[Trace]:
    """Two modalities and a device that 3 and 4 share."""
    rng = np.random.default_rng(5)
    modalities = [trace_of(rng.normal(size=(80, 6)), keep=8) for _ in range(2)]
    devices = pl.DataFrame({"device": ["d" if i in (3, 4) else str(i) for i in range(80)]})
    notes = modalities[0]
    other = replace(modalities[1], name="transactions")
    return [notes, other, *entity_sources(devices, ["device"], cap=10)]


def test_strangers_bring_nothing_above_chance_on_average(traces: list[Trace]):
    notes, _, device = traces
    above = [bits_above_chance(trace, np.arange(80), *all_pairs(80)) for trace in (notes, device)]
    assert above[0].mean() == pytest.approx(0, abs=0.08)
    assert above[1].min() == 0  # strangers hardly ever share a device: there is nothing to take off
    assert above[1].max() == pytest.approx(np.log2(80 / 2))


def test_links_sum_all_traces_above_the_threshold(traces: list[Trace]):
    owners = {trace.name: np.arange(80) for trace in traces}
    links = combined_links([trace.near_pairs(8) for trace in traces], traces, owners, threshold=3.0)
    total = sum(bits_above_chance(trace, owners[trace.name], links.a, links.b) for trace in traces)
    np.testing.assert_allclose(links.bits, total)
    assert links.bits.min() >= 3.0
    assert len(set(zip(links.a.tolist(), links.b.tolist(), strict=True))) == len(links.a)
    assert (3, 4) in set(zip(links.a.tolist(), links.b.tolist(), strict=True))


def test_handing_all_traces_over_together_only_renames_the_links(traces: list[Trace]):
    near = [trace.near_pairs(8) for trace in traces]
    owner = np.random.default_rng(2).permutation(80)
    before = combined_links(near, traces, {trace.name: np.arange(80) for trace in traces}, threshold=3.0)
    after = combined_links(near, traces, {trace.name: owner for trace in traces}, threshold=3.0)
    traced = {frozenset((owner[a], owner[b])) for a, b in zip(after.a, after.b, strict=True)}
    assert traced == {frozenset(pair) for pair in zip(before.a, before.b, strict=True)}
