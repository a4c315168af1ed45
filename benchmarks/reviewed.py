"""A finished run over a synthetic bank without a detection: the rings are the planted ones, the figures are drawn.

Serves where pages are looked at or timed and what was found does not matter: a case of any size in a few seconds.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from itertools import combinations
from pathlib import Path

import numpy as np
import polars as pl

from ringsight.detection.results import TABLES, Results
from ringsight.explain.ledger import ledgers_of, reviewed
from ringsight.records.bank import Bank, BankConfig
from ringsight.records.reading import read_bank
from ringsight.runs.run import Run

CHORDS = 2
"""Links of each member besides those to its two neighbours on a circle."""
WHOLE = 6
"""In a ring of so many members or fewer, everybody is linked with everybody."""
RATE = 0.05
FITS = ((0.0001, 0.0004, "fits"),) * 5 + ((0.04, 0.06, "leave out?"), (0.3, 0.35, "doubtful"))
"""P-value, q-value and fit of members in turn."""
SOURCES = ("transactions", "notes", "id_images", "device_id")
Row = dict[str, object] | tuple[object, ...]


def write_run(bank: Path, out: Path, rings: Mapping[str, Collection[str]], seed: int = 0) -> None:
    """Write the results and ledgers of a run that flagged these rings, as a detection would.

    Args:
        bank: its folder.
        out: folder to write.
        rings: ring id -> members, customers of the bank; the first is the most significant.
        seed: of the bits.
    """
    rng = np.random.default_rng(seed)
    records = read_bank(BankConfig(path=bank))
    rows: dict[str, Sequence[Row]] = {
        "rings": [_ring(ring, len(who), 30.0 - at) for at, (ring, who) in enumerate(rings.items())],
        "members": [
            (ring, customer, *FITS[at % len(FITS)])
            for ring, who in rings.items()
            for at, customer in enumerate(sorted(who))
        ],
        "links": [row for ring, who in rings.items() for row in _links(ring, sorted(who), rng)],
        "agreement": [row for ring, who in rings.items() for row in _agreement(ring, len(who))],
        "conditions": [row for ring, who in rings.items() for row in _conditions(ring, len(who))],
        "null": [(1, 4, float(bits)) for bits in rng.exponential(4.0, 200)],
        "calibration": [(share, 8.1 * share - 1.0, 8.0 * share - 1.0, 0.1) for share in (0.1, 0.25, 0.5, 0.75, 0.9)],
    }
    tables = {name: _table(rows.get(name, ()), schema) for name, schema in TABLES.items()}
    results = Results(**tables, summary=_summary(records))
    run = Run.begin(out, records)
    run.write_results(results)
    run.write_ledgers(ledgers_of(results, records, reviewed(results)))
    run.finish()


def _summary(bank: Bank) -> dict[str, object]:
    claimed = {"fdr": RATE, "rate_stated": True, "expected_false_flags": 0.2, "shared_directions": []}
    guard = [{"quantile": 0.5, "shift": 0.05, "spread": 0.04, "bound": 0.3}]
    return claimed | {"guard": guard, "data_hash": bank.data_hash, "customers": bank.customers.height}


def _ring(ring: str, size: int, score: float) -> dict[str, object]:
    judged = {"p_value": 0.0001, "q_value": 0.002, "adjusted_q_value": 0.004, "flagged": True, "inside_score": 0.0}
    figures = {"ring_id": ring, "size": size, "score": score, "adjusted_score": 0.8 * score}
    return figures | judged | {"basis": "across", "proposer": "notes", "explanation": "", "held": ""}


def _links(ring: str, members: list[str], rng: np.random.Generator) -> Iterator[tuple[object, ...]]:
    size = len(members)
    circle = {(at, (at + 1) % size) for at in range(size)}
    chords = {(at, int(other)) for at in range(size) for other in rng.integers(0, size, CHORDS)}
    pairs = combinations(range(size), 2) if size <= WHOLE else circle | chords
    for one, other in sorted({(min(pair), max(pair)) for pair in pairs if pair[0] != pair[1]}):
        bits = rng.exponential(5.0, len(SOURCES)) * (rng.random(len(SOURCES)) < 0.5)
        bits = bits.round(3) + np.eye(len(SOURCES))[rng.integers(len(SOURCES))]
        for source, worth in zip(SOURCES, bits, strict=True):
            if worth:
                yield ring, members[one], members[other], source, worth


def _agreement(ring: str, size: int) -> Iterator[tuple[object, ...]]:
    yield ring, "notes", "space", "notes", size, 21.0, "proposed"
    yield ring, "id_images", "space", "id_images", size, 12.5, "across"
    yield ring, "transactions", "space", "transactions", size, 6.0, "across"
    yield ring, "device_id", "entity", "", max(size // 2, 2), 14.0, "across"


def _conditions(ring: str, size: int) -> Iterator[tuple[object, ...]]:
    yield ring, "innocent", "branch", "east-1", max(size // 2, 2), 21.0, 19.0, 0.003, False
    yield ring, "protected", "language", "", max(size - 1, 2), 24.0, 21.0, 0.002, False
    yield ring, "without", "id_images", "", 0, 20.0, 18.0, 0.004, False
    yield ring, "without", "notes", "", 0, 3.0, 1.0, 0.9, True
    yield ring, "only", "notes + device_id", "", 0, 18.0, 17.0, 0.004, False


def _table(rows: Sequence[Row], schema: Mapping[str, type[pl.DataType]]) -> pl.DataFrame:
    return pl.DataFrame(rows, schema=dict(schema), orient="row")
