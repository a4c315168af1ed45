"""Spaces are evened out and weighed before the joint space learns from them."""

import pytest
import torch
from torch import Tensor
from torch.nn.functional import normalize

from ringsight.fusion.evening import LEARNED, Evening, weigh
from ringsight.fusion.joint import JointSpace

CUSTOMERS = 300


def drawn(dim: int, seed: int = 0) -> Tensor:
    """Unit vectors that lean to one side and vary more in some directions than in others."""
    uneven = 0.8 ** torch.arange(dim)
    noise = torch.randn(CUSTOMERS, dim, generator=torch.Generator().manual_seed(seed))
    return normalize((noise + 0.7) * uneven, dim=1)


def similarities(vectors: Tensor) -> Tensor:
    alike = vectors @ vectors.T
    return alike[~torch.eye(len(alike), dtype=torch.bool)]


def test_the_spread_of_strangers_is_told() -> None:
    evening = Evening(12)
    told = evening.fit(drawn(12))
    assert told == pytest.approx(float(similarities(evening(drawn(12))).std()), rel=0.05)


@pytest.mark.parametrize("customers", [0, 1])
def test_next_to_nobody_to_fit_to_leaves_no_nan(customers: int) -> None:
    evening = Evening(5)
    assert evening.fit(drawn(5)[:customers]) > 0
    assert torch.isfinite(evening(drawn(5))).all()


def test_of_whom_a_space_says_nothing_it_goes_on_saying_nothing() -> None:
    evening, vectors = Evening(6), drawn(6)
    vectors[:10] = 0
    evening.fit(vectors)
    assert not evening(vectors)[:10].any()
    assert evening(vectors)[10:].any(dim=1).all()


def test_a_similarity_counts_by_how_rare_it_is_among_strangers() -> None:
    """A space of 4 directions, where strangers are often alike, and one of 64, where they seldom are."""
    coarse, fine = Evening(4), Evening(64)
    spreads = [coarse.fit(drawn(4)), fine.fit(drawn(64))]
    weigh([[coarse], [fine]], [[spreads[0]], [spreads[1]]])
    assert fine.weight == 1
    assert float(coarse.weight) == pytest.approx(spreads[1] / spreads[0])
    deviations = [float(similarities(evening(drawn(dim))).std()) for evening, dim in ((coarse, 4), (fine, 64))]
    assert deviations[0] == pytest.approx(deviations[1], rel=0.05)


def test_a_learned_space_counts_less_beside_its_facets_and_in_full_alone() -> None:
    spaces = [[Evening(8), Evening(8)], [Evening(8)]]
    weigh(spaces, [[0.3, 0.3], [0.3]])
    assert [float(evening.weight) for evenings in spaces for evening in evenings] == pytest.approx([LEARNED, 1, 1])


def test_a_facet_that_a_customer_lacks_adds_nothing_to_the_modality() -> None:
    space = JointSpace([[6, 6]], 4)
    vectors = torch.cat([drawn(6), drawn(6, seed=1)], dim=1)
    vectors[:20, 6:] = 0
    (even,) = space.even_out([vectors], torch.ones(CUSTOMERS, 1, dtype=torch.bool))
    assert not even[:20, 6:].any()
    assert even[:20, :6].any(dim=1).all()
