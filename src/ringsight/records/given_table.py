"""A table as the bank gave it: where it lies, and how errors speak of it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from ringsight.records.dialect import Dialect
from ringsight.records.plain_files import PlainFiles, suffix_of


@dataclass(frozen=True, slots=True)
class GivenFile:
    """One file of a table."""

    path: Path
    """The file as the bank gave it."""
    label: str
    """What quarantine and errors call it: its path in the bank's folder."""
    keys: Mapping[str, str | None] = field(default_factory=dict)
    """What the folders around it say of all its rows: `month=4` is a column (Hive)."""


@dataclass(frozen=True, slots=True)
class GivenTable:
    """A file or a folder of files in a bank's folder, or a data frame that was written into one."""

    name: str
    """Of the table."""
    path: Path
    """The file or folder."""
    from_frame: bool = False
    """Whether it was a data frame: errors then name that, for nobody has seen the file."""
    several: tuple[GivenFile, ...] = ()
    """Its files, in the order in which they are read; empty for a single file."""
    dialect: Dialect = field(default_factory=Dialect)
    """How it is written."""
    plain: PlainFiles = field(default_factory=PlainFiles)
    """Unpacked and decoded copies."""

    @property
    def files(self) -> tuple[GivenFile, ...]:
        """Its files, one or many."""
        return self.several or (GivenFile(self.path, self.label),)

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

    def where_of(self, file: GivenFile) -> str:
        """What an error names as the place of one of its files."""
        return str(file.path) if self.several else self.where

    def plain_of(self, file: GivenFile) -> Path:
        """The file to read for one of its files: Parquet, or delimited text in UTF-8."""
        return self.plain.of(file.path, self.dialect)

    def sign_of(self, file: GivenFile) -> str:
        """The delimiter of one of its files."""
        by_suffix = suffix_of(file.path) == ".tsv" and self.dialect.delimiter == Dialect().delimiter
        return "\t" if by_suffix else self.dialect.sign

    def mapping(self, ours: str, theirs: str) -> str:
        """How a user says which of the bank's columns is one of ours."""
        if self.from_frame:
            return f'BankConfig(columns={{"{self.name}": {{"{ours}": "{theirs}"}}}})'
        return f"++bank.columns.{self.name}.{ours}={theirs}"

    def setting(self, name: str, value: object) -> str:
        """How a user gives a setting of `BankConfig`."""
        return f"BankConfig({name}={value})" if self.from_frame else f"bank.{name}={value}"
