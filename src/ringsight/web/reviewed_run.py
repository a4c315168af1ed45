"""A finished run and the bank that it searched, as the pages read them."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from threading import Lock

from ringsight.detection.lineage import Lineage
from ringsight.detection.results import Results
from ringsight.explain.base_rates import BaseRates, base_rates
from ringsight.explain.glance import Glance, glance
from ringsight.explain.ledger import Ledger, ledgers_of, read_ledger
from ringsight.records.bank import Bank
from ringsight.report.linkgraph import best_linked_first
from ringsight.runs.erasure import ERASED
from ringsight.runs.paths import RunPaths
from ringsight.runs.run import open_run


@dataclass(slots=True, eq=False)
class ReviewedRun:
    """A finished run and the bank that it searched."""

    folder: Path
    results: Results
    bank: Bank
    lineage: Lineage | None
    """What became of the rings since the run before; None where none was followed."""
    _ledgers: dict[str, Ledger] = field(default_factory=dict)
    _rates: list[BaseRates] = field(default_factory=list)
    """What is usual in the bank, once it is counted."""
    _glances: dict[tuple[str, tuple[str, ...]], Glance] = field(default_factory=dict)
    """By ring and members."""
    _making: Lock = field(default_factory=Lock)

    def ledgers(self, ring_ids: Collection[str]) -> Mapping[str, Ledger]:
        """Ledgers of rings: as the run wrote them, or made now, all at once, where it wrote none.

        Rings that the run no longer holds are left out.
        """
        present = set(self.results.rings["ring_id"].to_list())
        with self._making:
            for ring_id in present.intersection(ring_ids).difference(self._ledgers):
                written = RunPaths(self.folder).ledger(ring_id)
                if written.is_file():
                    self._ledgers[ring_id] = read_ledger(written)
            missing = sorted(present.intersection(ring_ids).difference(self._ledgers))
            if missing:
                self._ledgers |= ledgers_of(self.results, self.bank, missing)
            return {ring_id: self._ledgers[ring_id] for ring_id in ring_ids if ring_id in present}

    def ledger(self, ring_id: str) -> Ledger | None:
        """The ledger of a ring; None where the run no longer holds it."""
        return self.ledgers([ring_id]).get(ring_id)

    def glance(self, ring_id: str, customer_ids: tuple[str, ...]) -> Glance | None:
        """The members of a case at a glance, but for those who were erased; None where the run lacks the ring.

        Args:
            ring_id: of the ring that the case was opened for.
            customer_ids: of the case's members.
        """
        asked = ring_id, customer_ids
        ledger = self.ledger(ring_id)
        if ledger is not None and asked not in self._glances:
            known = [name for name in self.in_order(customer_ids) if not name.startswith(ERASED)]
            self._glances[asked] = glance(ledger, known, self.rates())
        return self._glances.get(asked)

    def rates(self) -> BaseRates:
        """What is usual in the bank, counted once."""
        with self._making:
            self._rates = self._rates or [base_rates(self.bank)]
            return self._rates[0]

    def in_order(self, customer_ids: Sequence[str]) -> list[str]:
        """Members in the order of their numbers: the best linked first."""
        return best_linked_first(self.results.graph_of(customer_ids))


def read_run(folder: Path, bank: Path) -> ReviewedRun:
    """Read a finished run and its bank, whose records may have changed since.

    Raises:
        DataError: if either is not as it was written.
    """
    run = open_run(folder)
    return ReviewedRun(folder, run.results, run.read_bank(bank), run.lineage if run.follows else None)
