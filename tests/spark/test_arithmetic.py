"""The table of stages follows from what it says that it rests on."""

import pytest
from spark_engine import CUSTOMERS, DETECTION_KB, Measured, arithmetic

pytestmark = pytest.mark.slow


def test_core_hours_follow_from_what_one_bank_took():
    measured = Measured(
        customers=1000,
        records={"transactions": 100_000, "notes": 4000, "id_images": 1000},
        reading=2.0,
        modalities={"transactions": 5.0, "notes": 100.0, "id_images": 3.0},
        embedding={"threads": (0.0, 50.0), "Spark": (0.0, 100.0)},
        spread=0.25,
    )
    lines = arithmetic(measured)
    stages = {cells[1].strip(): cells[2:5] for line in lines if len(cells := line.split("|")) == 6}
    hours = {name: float(told[1].replace(",", "")) for name, told in stages.items() if told[1].strip()[0].isdigit()}
    # 2 ms each customer; 25 ms a note, five of them, twice as dear; 14.1 ms, of which a quarter is spread
    assert hours["reading and checking"] == round(2 * CUSTOMERS / 3.6e6)
    assert hours["embedding, notes"] == round(25 * 5 * 2 * CUSTOMERS / 3.6e6)
    assert hours["detection, what is spread"] == round(14.1 / 4 * CUSTOMERS / 3.6e6)
    assert f"{CUSTOMERS * DETECTION_KB / 1e9:.1f} TB" in "\n".join(lines)
