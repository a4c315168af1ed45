"""The small copies of ID images that a run keeps, so that what a bank gave is decoded once; and their erasure."""

import os
import shutil
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import polars as pl

from ringsight.errors import DataError
from ringsight.records.bank import Bank
from ringsight.records.opened_pictures import copy_name
from ringsight.records.picture_openers import openers
from ringsight.records.writing import write_folder_atomically
from ringsight.runs.files import read_table, write_table
from ringsight.runs.paths import RunPaths


def keep_pictures(bank: Bank, run: RunPaths) -> None:
    """Keep the copies of a bank's pictures in a run's folder, with who owns which; those of an earlier run go.

    Pictures that were not opened when the bank was read, for a former version had judged them, are opened now.
    """
    if bank.files is None or bank.id_images.is_empty():
        shutil.rmtree(run.pictures, ignore_errors=True)
        return
    owners = bank.id_images.select("customer_id", "path").unique().sort("customer_id", "path")
    paths = owners["path"].unique().sort()
    with ThreadPoolExecutor(openers().count) as pool:
        list(pool.map(bank.pictures.open, [path for path in paths if bank.pictures.copy(path) is None]))
    with write_folder_atomically(run.pictures) as partial:
        for path in paths:
            copy = bank.pictures.copy(path)
            if copy is not None:
                _link(copy, partial / copy_name(path))
        write_table(partial / run.picture_owners.name, owners)
    bank.pictures.kept_in(run.pictures)


def erase_from_pictures(run: RunPaths, customer_id: str) -> int:
    """Erase the copies of a customer's pictures from a run, and what it noted of the files they are of.

    A picture that another customer has too stays theirs.

    Returns:
        How many files were written anew or removed.

    Raises:
        DataError: if a run that was cut off has left copies, or it cannot be read whose they are.
    """
    unfinished = sorted(run.folder.glob(f".{run.pictures.name}.*"))
    if unfinished:
        raise DataError(
            "left by a run that was cut off, and may hold pictures",
            where=str(unfinished[0]),
            remedy="if no run is under way, remove it, then erase again",
        )
    if not run.pictures.is_dir():
        return 0
    owners = read_table(run.picture_owners)
    mine = owners["customer_id"].cast(pl.String) == customer_id
    if not mine.any():
        return 0
    gone = sorted(set(owners.filter(mine)["path"]) - set(owners.filter(~mine)["path"]))
    removed = [run.pictures / copy_name(path) for path in gone if (run.pictures / copy_name(path)).is_file()]
    for copy in removed:
        copy.unlink()
    write_table(run.picture_owners, owners.filter(~mine))
    return len(removed) + 1 + _forget(run.fingerprints, gone)


def _forget(fingerprints: Path, paths: list[str]) -> int:
    """Forget what was seen of some files, the sketches of the pictures among it; how many tables were written anew."""
    if not fingerprints.is_file():
        return 0
    before = read_table(fingerprints)
    after = before.filter(~pl.col("path").is_in([Path(path).as_posix() for path in paths]))
    if after.height == before.height:
        return 0
    write_table(fingerprints, after)
    return 1


def _link(copy: Path, into: Path) -> None:
    """Let a file stand under one more name: runs that follow one another share the copies of what has not changed."""
    with suppress(OSError):  # another device, or a file system without links
        os.link(copy, into)
        return
    shutil.copyfile(copy, into)
