"""A bank's folder and finished runs of it, by hand: rings as a test wants them, and no detection."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from itertools import combinations
from pathlib import Path
from typing import Any

import polars as pl
from finished_runs import explained, finished
from made_results import results_with
from PIL import Image

from ringsight.records.bank import BankConfig
from ringsight.records.reading import read_bank
from ringsight.runs.run import Run

CUSTOMERS = [f"C{number:02}" for number in range(30)]
LAST = datetime(2026, 6, 30, 12)
SCRIPT = "the parcel stands at the customs office and the fee is due by noon today"
PHONE, ADDRESS = "+49 111 2222", "7 Erasable Lane"


@dataclass(frozen=True)
class Ring:
    """A ring of a run."""

    ring_id: str
    members: Sequence[str]
    q: float | None = 0.01
    """None where no rate can be stated."""
    flagged: bool = True
    held: str = ""
    score: float = 18.0
    """Adjusted, in bits."""


WITHHELD: dict[str, Any] = {
    "rate_stated": False,
    "expected_false_flags": None,
    "guard": [{"quantile": 0.5, "shift": 0.71, "spread": 0.04, "bound": 0.3}],
}
"""What a summary says where no rate can be stated."""


@dataclass
class World:
    """A bank, and its runs by the order in which they were made."""

    folder: Path
    runs: int = field(default=0)

    @property
    def bank(self) -> Path:
        return self.folder / "bank"

    def write_bank(self, **columns: Sequence[Any]) -> None:
        """Customer Cnn moved nn on the last day, and 1,000 half a year before."""
        self.bank.mkdir(parents=True, exist_ok=True)
        opened = [datetime(2020, 1, 1)] * len(CUSTOMERS)
        pl.DataFrame({"customer_id": CUSTOMERS, "opened_at": opened, **columns}).write_csv(self.bank / "customers.csv")
        rows = [
            (f"T{number}-{age}", name, LAST - timedelta(days=age), amount)
            for number, name in enumerate(CUSTOMERS)
            for age, amount in ((0, -float(number)), (180, 1000.0))
        ]
        pl.DataFrame(rows, ["transaction_id", "customer_id", "timestamp", "amount"], orient="row").write_csv(
            self.bank / "transactions.csv"
        )

    def run(self, *rings: Ring, summary: Mapping[str, Any] | None = None) -> Path:
        """A finished run that found these rings."""
        self.runs += 1
        folder = self.folder / f"run{self.runs}"
        figures = {"score": 20.0, "p_value": 0.001, "inside_score": 0.0}
        found = [
            {"ring_id": ring.ring_id, "size": len(ring.members), "q_value": ring.q, "adjusted_q_value": ring.q}
            | {"flagged": ring.flagged, "held": ring.held, "explanation": "", "basis": "across"}
            | {"proposer": "together", "adjusted_score": ring.score}
            | figures
            for ring in rings
        ]
        members = [(ring.ring_id, name) for ring in rings for name in ring.members]
        facts: dict[str, Any] = {"fdr": 0.05, "expected_false_flags": 0.2, "shared_directions": []}
        facts["guard"] = [{"quantile": 0.5, "shift": 0.12, "spread": 0.04, "bound": 0.3}]
        bank = read_bank(BankConfig(path=self.bank))
        facts["data_hash"] = bank.data_hash
        results = results_with(
            rings=pl.DataFrame(found),
            members=pl.DataFrame(members, ["ring_id", "customer_id"], orient="row"),
            summary=facts | dict(summary or {}),
        )
        finished(folder, results, bank=bank)
        return folder

    def run_alike(self) -> Path:
        """A run of a ring, C00 to C02, whose members share script and telephone, with ledgers and a report.

        The photograph of Cnn is Cnn.png. `ADDRESS` is C01's alone.
        """
        ring = CUSTOMERS[:3]
        spare = [None] * (len(CUSTOMERS) - 3)
        self.write_bank(phone=[PHONE] * 3 + spare, address=["1 A Street", ADDRESS, "3 B Street", *spare])
        notes = [(f"N{name}", name, LAST, f"{SCRIPT}, says {name}") for name in ring]
        columns = ["note_id", "customer_id", "timestamp", "text"]
        pl.DataFrame(notes, columns, orient="row").write_csv(self.bank / "call_notes.csv")
        for number, name in enumerate(ring):
            Image.effect_noise((90, 60), 60 + number).save(self.bank / f"{name}.png")
        images = [(f"I{name}", name, f"{name}.png") for name in ring]
        pl.DataFrame(images, ["image_id", "customer_id", "path"], orient="row").write_csv(self.bank / "id_images.csv")
        folder = self.run(Ring("R1", ring))
        before = Run(folder).results
        bits = {"transactions": 3.0, "notes": 4.0, "id_images": 5.0, "phone": 6.0}
        links = [("R1", a, b, *each) for a, b in combinations(ring, 2) for each in sorted(bits.items())]
        spaces = [("R1", name, "space", name, 3, 2.0, "across") for name in ("transactions", "notes", "id_images")]
        agreement = [*spaces, ("R1", "phone", "entity", "", 3, 6.0, "across")]
        conditions = [("R1", "innocent", "address", ADDRESS, 1, 9.0, 8.0, 0.01, False)]
        results = replace(
            before,
            links=pl.DataFrame(links, before.links.schema, orient="row"),
            agreement=pl.DataFrame(agreement, before.agreement.schema, orient="row"),
            conditions=pl.DataFrame(conditions, before.conditions.schema, orient="row"),
        )
        bank = read_bank(BankConfig(path=self.bank))
        explained(folder, results, bank)
        return folder


def flagged_rings(count: int, size: int = 3) -> list[Ring]:
    """Rings of customers in order; the later ones have more at stake."""
    return [Ring(f"R{n}", CUSTOMERS[n * size : (n + 1) * size]) for n in range(count)]
