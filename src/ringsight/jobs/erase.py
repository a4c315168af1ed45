"""`ringsight erase`: a customer taken out of the cases, of a run's results and embeddings, and of the vector store."""

from dataclasses import dataclass, field
from pathlib import Path

from rich.console import Console

from ringsight.cases.casebook import casebook_of, open_casebook
from ringsight.cases.erasure import Erased, erase_customer
from ringsight.cases.users import SYSTEM
from ringsight.errors import SettingsError
from ringsight.jobs.command import Command
from ringsight.runs.erasure import erase_embeddings, erase_from_results, pseudonym
from ringsight.runs.run import Run
from ringsight.vectors.opening import open_filled
from ringsight.vectors.vector_store import StoreConfig


@dataclass(kw_only=True, slots=True)
class EraseJob:
    """What `ringsight erase` can be told."""

    customer: str
    """The customer's id."""
    store: StoreConfig = field(default_factory=StoreConfig)
    """Where the vectors are kept, if not where the run keeps them."""
    out: Path = Path("out/run")
    """Folder of the run: its results, its `embeddings`, and its store unless one is named."""
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
    run = Run(config.out)
    erased = erase_results(config)
    with open_filled(run.store(config.store)) as store:
        on_disk = erase_embeddings(run.paths, config.customer)
        in_store = store.erase(config.customer)
    console = Console(highlight=False, markup=False)
    if on_disk + in_store == 0:
        found = f"No vector of customer {config.customer!r} was found, in {run.paths.embeddings} or in the store."
    else:
        found = (
            f"Erased {on_disk} vectors of customer {config.customer!r} from {run.paths.embeddings} and {in_store} "
            "from the store; none is left in either."
        )
    console.print(found, soft_wrap=True)
    console.print(
        f"Redacted {erased.entries} entries of the audit trail, and {erased.files} files of results; a report that "
        "named the customer is gone, and `ringsight detect` writes it anew.",
        soft_wrap=True,
    )
    console.print(
        f"Still there: {_source(run)}, from which the next run makes the vectors anew, and any other run.  "
        "A Milvus server and PostgreSQL free the space of what is erased in their own time.",
        soft_wrap=True,
    )
    return on_disk + in_store


def _source(run: Run) -> str:
    """What the customer's records came from, which is the bank's to mend."""
    return "the data frames that the bank was read from" if run.paths.frames.is_dir() else "the bank's own records"


def erase_results(config: EraseJob) -> Erased:
    """Erase the customer from the case book, if there is one, from the runs that it knows, and from `config.out`.

    Raises:
        RingsightError: if the database cannot be opened, or a file still names the customer.
    """
    run, entries, files = Run(config.out), 0, 0
    if config.database or run.paths.cases.is_file():
        with open_casebook(casebook_of(config.out, config.database), new=False) as book:
            erased = erase_customer(book, config.customer, SYSTEM)
        entries, files = erased.entries, erased.files
    return Erased(entries, files + erase_from_results(run.paths, config.customer, pseudonym()))


COMMAND = Command("erase", EraseJob, run, verbatim=("customer", "database"))
