"""Tiny banks for tests of programs that use ringsight: sound, small, and the same to the byte each time.

    bank = ringsight.read_frames(**ringsight.testing.tiny_frames())

They are for reading and checking, and hold no rings; `ringsight.generate_bank` hides rings in a bank.
"""

import io
from pathlib import Path

import numpy as np
import polars as pl
from PIL import Image

__all__ = ["tiny_frames", "write_tiny_bank"]


def tiny_frames(customers: int = 20) -> dict[str, pl.DataFrame]:
    """A sound bank as data frames, for `ringsight.read_frames`.

    Customer number i, from 0, has i mod 4 transactions and as many notes; the first half of the customers have an ID
    image each, a JPEG of 40 by 30 pixels of noise. The first two share a device.

    Args:
        customers: how many, at least 2.

    Returns:
        By table of the data contract: `customers` with segment, region, `device_id` (evidence), `branch` (innocent),
        `sex` (protected) and `hobby`; `transactions` with a column `memo` that is not of the contract; `call_notes`;
        `id_images` with encoded images as `path`.
    """
    ids = [f"C{i:02d}" for i in range(customers)]
    owners = [customer for i, customer in enumerate(ids) for _ in range(i % 4)]
    moments = pl.datetime(2020, 1, 1) + pl.duration(hours=pl.col("n") * 7919 % 1000)
    records = pl.DataFrame({"customer_id": owners}).with_row_index("n").with_columns(timestamp=moments)
    return {
        "customers": pl.DataFrame(
            {
                "customer_id": ids,
                "opened_at": "2018-01-15 00:00:31",
                "segment": [("retail", "business")[i % 2] for i in range(customers)],
                "region": "north",
                "device_id": ["D1", "D1", *(f"D{i}" for i in range(2, customers))],
                "branch": "B1",
                "sex": [("f", "m")[i % 2] for i in range(customers)],
                "hobby": "chess",
            }
        ).with_columns(pl.col("opened_at").str.to_datetime()),
        "transactions": records.select(
            "customer_id",
            "timestamp",
            transaction_id=pl.format("T{}", "n"),
            amount=pl.col("n") - 7.5,
            category=pl.lit("food"),
            memo=pl.lit("not ours"),
        ),
        "call_notes": records.select(
            "customer_id", "timestamp", note_id=pl.format("N{}", "n"), text=pl.lit("called and was happy")
        ),
        "id_images": pl.DataFrame(
            {
                "customer_id": ids[: customers // 2],
                "image_id": [f"I{i}" for i in range(customers // 2)],
                "path": [_noise(i) for i in range(customers // 2)],
            },
            schema_overrides={"path": pl.Binary},
        ),
    }


def write_tiny_bank(folder: Path | str, customers: int = 20) -> Path:
    """Write the bank of `tiny_frames` as a folder in the data contract, with tables in CSV.

    Args:
        folder: made where it is not there.
        customers: how many, at least 2.

    Returns:
        The folder; the image of customer C03 is `id_images/C03.jpg`.
    """
    folder, frames = Path(folder), tiny_frames(customers)
    (folder / "id_images").mkdir(parents=True)
    path = pl.format("id_images/{}.jpg", "customer_id")
    for file, encoded in frames["id_images"].select(path, "path").iter_rows():
        (folder / file).write_bytes(encoded)
    for name, frame in (frames | {"id_images": frames["id_images"].with_columns(path=path)}).items():
        frame.write_csv(folder / f"{name}.csv", datetime_format="%Y-%m-%d %H:%M:%S")
    return folder


def _noise(seed: int) -> bytes:
    """A JPEG."""
    encoded = io.BytesIO()
    shades = np.random.default_rng(seed).integers(0, 256, (30, 40), dtype=np.uint8)
    Image.fromarray(shades).save(encoded, "JPEG")
    return encoded.getvalue()
