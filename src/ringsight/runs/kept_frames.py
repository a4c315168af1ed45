"""The bank that a run keeps in its own folder: one that was read from data frames, and lies nowhere else."""

import shutil
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import polars as pl

from ringsight.errors import DataError
from ringsight.records import contract
from ringsight.records.bank import Bank
from ringsight.records.contract import CUSTOMERS
from ringsight.records.embeddings import Embeddings
from ringsight.records.table_reading import TEXT
from ringsight.records.writing import write_atomically, write_folder_atomically
from ringsight.runs.files import read_json, read_table, write_json, write_table
from ringsight.runs.paths import RunPaths
from ringsight.runs.run import Run


def keep(bank: Bank, run: RunPaths) -> Bank:
    """Copy a bank that was read from frames into a run's folder; a bank that lies in a folder stays there.

    Returns:
        The bank where it lies now.
    """
    if bank.temporary is None or bank.read_as is None:
        return bank
    with write_folder_atomically(run.frames) as partial:
        shutil.copytree(bank.path, partial, dirs_exist_ok=True)
    return replace(
        bank,
        path=run.frames,
        read_as=replace(bank.read_as, path=run.frames),
        files=bank.files and bank.files.copied_to(run.frames),
        temporary=None,
    )


def erase_from_frames(run: RunPaths, customer_id: str, name: str) -> int:
    """Erase a customer's records and images from the bank that a run keeps, if it keeps one.

    The run then goes for one over the records that are left: what it was made from is written down anew.

    Args:
        run: paths of the run.
        customer_id: whom to erase.
        name: the pseudonym that takes the customer's place in the records of others.

    Returns:
        How many files were written anew or removed.

    Raises:
        DataError: if a table cannot be read, or does not say whose records it holds.
    """
    if not run.frames.is_dir():
        return 0
    columns = Run(run.folder).bank_config(run.frames).columns
    changed = 0
    tables = contract.tables()
    for file in sorted(run.frames.glob("*.parquet")):
        ours, before = columns.get(file.stem, {}), read_table(file)
        mine = _records_of(customer_id, before, ours.get(CUSTOMERS.key, CUSTOMERS.key), file)
        texts = [column for column, dtype in before.schema.items() if dtype in TEXT]
        after = before.filter(~mine).with_columns(pl.col(texts).cast(pl.String).replace(customer_id, name))
        if mine.any() or not after.select(texts).equals(before.select(pl.col(texts).cast(pl.String))):
            with write_atomically(file) as partial:
                after.write_parquet(partial)
            changed += 1
        images = tables[file.stem].image_columns if file.stem in tables else []
        for path in (ours.get(column, column) for column in images):
            changed += _remove_images(run.frames, set(before.filter(mine)[path]) - set(after[path]))
    if changed:
        with suppress(DataError):  # nobody may be left to compare with
            _write_hashes(run)
    return changed


def _records_of(customer_id: str, rows: pl.DataFrame, column: str, file: Path) -> pl.Series:
    """Which rows are the customer's."""
    if column not in rows.columns:
        raise DataError(f"no column {column!r}, which names the customers", where=str(file), remedy="remove the file")
    return rows[column].cast(pl.String).eq_missing(pl.Series([customer_id]))


def _remove_images(folder: Path, paths: set[str | None]) -> int:
    """Remove files inside a folder; how many there were."""
    inside = [folder / path for path in paths if path and (folder / path).resolve().is_relative_to(folder.resolve())]
    found = [file for file in inside if file.is_file()]
    for file in found:
        file.unlink()
    return len(found)


def _write_hashes(run: RunPaths) -> None:
    """Write down the hash of the records that are left, wherever the run names the hash of those that it searched."""
    bank = Run(run.folder).read_bank(run.frames)
    if bank.files is not None:
        write_table(run.fingerprints, bank.files.table())
    for file in run.embedding_files():
        replace(Embeddings.read(file), data_hash=bank.data_hash).write(file)
    if run.summary.is_file():
        write_json(run.summary, read_json(run.summary) | {"data_hash": bank.data_hash}, sort_keys=True)
