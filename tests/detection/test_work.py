"""How the work of detection grows with a bank: counted in candidates and pairs, not in seconds."""

import numpy as np
import pytest
from worlds import KINDS, draw

from ringsight.detection.candidates import propose
from ringsight.detection.evidence import gather_evidence
from ringsight.detection.settings import CandidateConfig
from ringsight.detection.worlds import calibrating

SIZES = (1_000, 4_000, 16_000)
SPACES = ("border", "card", "notes")
GROWTH = 1.2
"""Work may grow by this power of the number of customers."""


@pytest.fixture(scope="module")
def work() -> list[dict[str, float]]:
    """Of the smallest bank first."""
    counted = []
    for customers in SIZES:
        bank, embeddings, _ = draw(KINDS["segments .1"], 1, customers, rings=True)
        config = CandidateConfig()
        evidence = gather_evidence(bank.customers, {name: embeddings[name] for name in SPACES}, [], config, 0)
        groups = propose(evidence, config).groups
        held = [getattr(space.nearness, name) for space in evidence.spaces for name in space.nearness.__slots__]
        counted.append(
            {
                "candidates": groups.count,
                "members": len(groups.members),
                "pairs": int(groups.pair_counts.sum()),
                "corroborations that calibrate": groups.count * calibrating(groups.count, 200),
                "bytes of evidence": sum(each.nbytes for each in held),
            }
        )
    return counted


@pytest.mark.slow
@pytest.mark.parametrize("count", ["candidates", "members", "pairs", "corroborations that calibrate"])
def test_work_grows_hardly_faster_than_the_bank(work: list[dict[str, float]], count: str):
    for smaller, larger in ((0, 1), (1, 2), (0, 2)):
        power = np.log(work[larger][count] / work[smaller][count]) / np.log(SIZES[larger] / SIZES[smaller])
        assert power <= GROWTH, f"{count} grow by the power {power:.2f} from {SIZES[smaller]} to {SIZES[larger]}"


@pytest.mark.slow
def test_memory_of_a_large_bank_grows_with_it_and_not_with_its_square(work: list[dict[str, float]]):
    a_customer = [counted["bytes of evidence"] / customers for counted, customers in zip(work, SIZES, strict=True)]
    assert a_customer[2] <= 1.1 * a_customer[1]
