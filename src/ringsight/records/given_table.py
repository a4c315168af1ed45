"""A table as the bank gave it: where it lies, and how errors speak of it."""

from dataclasses import dataclass
from pathlib import Path

from ringsight.errors import DataError
from ringsight.records.contract import Table


@dataclass(frozen=True, slots=True)
class GivenTable:
    """A file of a bank's folder, or a data frame that was written into one."""

    name: str
    """Of the table."""
    path: Path
    """The file."""
    from_frame: bool = False
    """Whether it was a data frame: errors then name that, for nobody has seen the file."""

    @property
    def where(self) -> str:
        """What an error names as the place."""
        return f"the frame {self.name}" if self.from_frame else str(self.path)

    @property
    def label(self) -> str:
        """What the quarantine names as the file."""
        return self.name if self.from_frame else self.path.name

    @property
    def kind(self) -> str:
        """What it is: a file or a frame."""
        return "frame" if self.from_frame else "file"

    def mapping(self, ours: str, theirs: str) -> str:
        """How a user says which of the bank's columns is one of ours."""
        if self.from_frame:
            return f'BankConfig(columns={{"{self.name}": {{"{ours}": "{theirs}"}}}})'
        return f"++bank.columns.{self.name}.{ours}={theirs}"

    def setting(self, name: str, value: object) -> str:
        """How a user gives a setting of `BankConfig`."""
        return f"BankConfig({name}={value})" if self.from_frame else f"bank.{name}={value}"


def find_table(folder: Path, table: Table, *, from_frame: bool = False) -> GivenTable | None:
    """Find the file of a table, or None if the bank has not given it.

    Args:
        folder: of the bank.
        table: which to look for.
        from_frame: whether the folder was written from data frames.

    Raises:
        DataError: if it is there both as Parquet and as CSV.
    """
    found = [path for suffix in ("parquet", "csv") if (path := folder / f"{table.name}.{suffix}").is_file()]
    if len(found) > 1:
        raise DataError(
            f"{found[0].name} and {found[1].name} both exist", where=str(folder), remedy="keep the one that is current"
        )
    return GivenTable(table.name, found[0], from_frame) if found else None
