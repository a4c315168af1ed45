"""Links: which pairs are worth a look, and how many strangers pass by chance."""

import numpy as np
import polars as pl
import pytest
from simulated_sources import all_pairs, embeddings_of, ids, space_of

from ringsight.graph.links import bits_above_chance, fused_links, source_links, threshold_bits
from ringsight.graph.sources import SpaceSource, entity_sources, space_source


def test_a_link_is_as_close_as_mutual_kth_neighbours():
    space = space_of(np.random.default_rng(0).normal(size=(60, 6)), keep=8)
    links = source_links(space, 8)
    assert threshold_bits(space, 8) == pytest.approx(np.log2(59 / 8))
    assert len(links.a)
    assert (links.a < links.b).all()
    assert links.bits.min() >= threshold_bits(space, 8)
    np.testing.assert_array_equal(links.bits, space.pair_bits(links.a, links.b))


def test_a_vector_that_more_share_than_k_makes_no_link():
    vectors = np.random.default_rng(0).normal(size=(100, 6))
    vectors[:40] = vectors[0]
    links = source_links(space_of(vectors, keep=8), 8)
    assert not ((links.a < 40) & (links.b < 40)).any()


def test_strangers_bring_nothing_above_chance_on_average():
    rng = np.random.default_rng(5)
    notes = space_of(rng.normal(size=(80, 6)), keep=8)
    (device,) = entity_sources(
        pl.DataFrame({"device": ["d" if i in (3, 4) else str(i) for i in range(80)]}), ["device"], cap=10
    )
    above = [bits_above_chance(source, *all_pairs(80)) for source in (notes, device)]
    assert above[0].mean() == pytest.approx(0, abs=0.08)
    assert above[1].min() == 0  # strangers hardly ever share a device: there is nothing to take off
    assert above[1].max() == pytest.approx(np.log2(80 / 2))


@pytest.fixture
def spaces() -> list[SpaceSource]:
    """Two spaces of one modality; 3 and 4 are fairly near in both."""
    rng = np.random.default_rng(5)
    drawn = [rng.normal(size=(80, 6)) for _ in range(2)]
    for vectors in drawn:
        vectors[4] = vectors[3] + 0.5 * vectors[4]
    return [space_of(vectors, keep=8) for vectors in drawn]


def test_spaces_together_tie_as_closely_as_mutual_kth_neighbours(spaces: list[SpaceSource]):
    links = fused_links(spaces, 8)
    pairs = list(zip(links.a.tolist(), links.b.tolist(), strict=True))
    assert len(set(pairs)) == len(pairs)
    assert all(a < b for a, b in pairs)
    assert (3, 4) in pairs
    assert links.bits.min() >= np.log2(79 / 8)
    assert links.bits.max() <= np.log2(79)
    # nobody is near in both by chance as often as in one
    assert len(pairs) < 80 * 8 / 2


def test_a_space_with_itself_ties_nearly_whom_it_ties_alone(spaces: list[SpaceSource]):
    alone, twice = source_links(spaces[0], 8), fused_links([spaces[0], spaces[0]], 8)
    one, other = (set(zip(each.a.tolist(), each.b.tolist(), strict=True)) for each in (alone, twice))
    assert len(one & other) > 0.8 * len(one | other)


def test_who_is_in_one_space_only_is_tied_by_that_one(spaces: list[SpaceSource]):
    rng = np.random.default_rng(6)
    some = np.arange(0, 80, 2)
    half = space_source(embeddings_of(rng.normal(size=(40, 6)), some, customers=80), ids(80), keep=8)
    links = fused_links([spaces[0], half], 8)
    assert (3, 4) in set(zip(links.a.tolist(), links.b.tolist(), strict=True))
