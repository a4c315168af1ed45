"""`ringsight erase`: a customer taken out of the cases, of a run's results and embeddings, and of the vector store."""

from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
from rich.console import Console

from ringsight.cases.casebook import casebook_of, open_casebook
from ringsight.cases.erasure import Erased, erase_customer
from ringsight.cases.users import SYSTEM
from ringsight.errors import DataError, SettingsError
from ringsight.jobs.command import Command
from ringsight.jobs.store import open_filled
from ringsight.records.embeddings import Embeddings
from ringsight.runs.erasure import erase_from_results, pseudonym
from ringsight.vectors.vector_store import StoreConfig


@dataclass(kw_only=True, slots=True)
class EraseJob:
    """What `ringsight erase` can be told."""

    customer: str
    """The customer's id."""
    store: StoreConfig = field(default_factory=StoreConfig)
    """Where the vectors are kept."""
    out: Path = Path("out/run")
    """Folder of the run: its results, its `embeddings`, and its `vectors.db` unless the store is named."""
    database: str = ""
    """Where the cases are kept: sqlite:///FILE or postgresql://USER@HOST/NAME; by default `cases.db` inside the run, if
    there is one."""

    def __post_init__(self) -> None:
        """Refuse an empty id.

        Raises:
            SettingsError: if the id is empty.
        """
        if not self.customer:
            raise SettingsError("customer must not be empty", remedy="ringsight erase customer=ID out=FOLDER")


def run(config: EraseJob) -> int:
    """Erase the customer from cases, results and vectors of every model; gives how many vectors there were.

    Raises:
        RingsightError: if something is left, or may be.
    """
    erased = erase_results(config)
    with open_filled(config.store, config.out) as store:
        on_disk = erase_embeddings(config.out, config.customer)
        in_store = store.erase(config.customer)
    console = Console(highlight=False, markup=False)
    if on_disk + in_store == 0:
        found = f"No vector of customer {config.customer!r} was found, in {config.out / 'embeddings'} or in the store."
    else:
        found = (
            f"Erased {on_disk} vectors of customer {config.customer!r} from {config.out / 'embeddings'} and {in_store} "
            "from the store; none is left in either."
        )
    console.print(found, soft_wrap=True)
    console.print(
        f"Redacted {erased.entries} entries of the audit trail, and {erased.files} files of results; a report that "
        "named the customer is gone, and `ringsight detect` writes it anew.",
        soft_wrap=True,
    )
    console.print(
        "Still there: the bank's own records, from which the next `ringsight embed` makes the vectors anew, and any "
        "other run. A Milvus server and PostgreSQL free the space of what is erased in their own time.",
        soft_wrap=True,
    )
    return on_disk + in_store


def erase_results(config: EraseJob) -> Erased:
    """Erase the customer from the case book, if there is one, from the runs that it knows, and from `config.out`.

    Raises:
        RingsightError: if the database cannot be opened, or a file still names the customer.
    """
    entries = files = 0
    if config.database or (config.out / "cases.db").is_file():
        with open_casebook(casebook_of(config.out, config.database), new=False) as book:
            erased = erase_customer(book, config.customer, SYSTEM)
        entries, files = erased.entries, erased.files
    return Erased(entries, files + erase_from_results(config.out, config.customer, pseudonym()))


def erase_embeddings(run: Path, customer_id: str) -> int:
    """Write a run's embeddings anew without a customer, and read them back; how many vectors there were.

    Raises:
        DataError: if a run that was cut off has left files that may hold vectors.
        ModelError: if a file is damaged.
    """
    folder = run / "embeddings"
    if unfinished := sorted([*run.glob(".embeddings.*"), *folder.glob(".*")]):
        raise DataError(
            "left by a run that was cut off, and may hold vectors",
            where=str(unfinished[0]),
            remedy="if no run is under way, remove it, then erase again",
        )
    files = sorted(folder.glob("*.parquet"))
    erased = sum(_erase_in(file, customer_id) for file in files)
    for file in files:
        if customer_id in Embeddings.read(file).customer_ids:
            raise DataError(f"customer {customer_id!r} is still here", where=str(file), remedy="erase again")
    return erased


def _erase_in(file: Path, customer_id: str) -> int:
    embeddings = Embeddings.read(file)
    kept = embeddings.customer_ids != customer_id
    if not kept.all():
        rest = replace(embeddings, customer_ids=embeddings.customer_ids[kept], vectors=embeddings.vectors[kept])
        rest.write(file)
    return int(np.sum(~kept))


COMMAND = Command("erase", EraseJob, run, verbatim=("customer", "database"))
