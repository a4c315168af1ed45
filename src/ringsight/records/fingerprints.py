"""What was seen of each file of a bank, so that a file that has not changed is neither hashed nor decoded again.

A file counts as the same while its size, its modification time and the time at which the system last noted a change of
it are the same. The last one no program sets, so that a file put in the place of another is noticed even where both
were given one modification time, as in synthetic banks. Whoever can set the clock of the machine could deceive this.
"""

import hashlib
from collections.abc import Iterable
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import polars as pl

from ringsight.records.opened_pictures import OpenedPictures

FINGERPRINTS = {
    "path": pl.String,
    "size": pl.Int64,
    "mtime_ns": pl.Int64,
    "ctime_ns": pl.Int64,
    "sha256": pl.String,
    "fault": pl.String,
    "max_pixels": pl.Int64,
    "sketch": pl.Binary,
}
"""Columns of a table of fingerprints; see `Fingerprint`."""


@dataclass(frozen=True, slots=True)
class Fingerprint:
    """What was seen of one file."""

    size: int
    mtime_ns: int
    ctime_ns: int
    sha256: str | None = None
    """Of its content; None until it was needed."""
    fault: str | None = None
    """Why an image cannot be used; None if it can, or was not judged."""
    max_pixels: int | None = None
    """How many pixels an image was allowed to have when it was judged; None for what was not judged."""
    sketch: bytes | None = None
    """Grey levels of an image that can be used (`OpenedPicture.sketch`); None for all else."""


class Fingerprints:
    """The files of one bank as they were seen; what is asked of a file is found out once, and again when it changed."""

    def __init__(self, folder: Path, before: "Fingerprints | None" = None, pictures: Path | None = None) -> None:
        """Begin to look at the files in a folder.

        Args:
            folder: of the bank.
            before: what was seen earlier, there or where the bank lay then.
            pictures: folder of the small copies that were kept of its images; by default that of `before`.
        """
        self.folder = folder
        kept = pictures or (before.pictures.kept if before else None)
        self.pictures: OpenedPictures = OpenedPictures(folder, kept)
        """The images, each opened once."""
        self._before = dict(before._seen) if before else {}
        self._seen: dict[str, Fingerprint] = {}

    def image_fault(self, path: str, max_pixels: int) -> str | None:
        """Why an image cannot be used, or None; it is opened unless it was judged by this bound and is as it was.

        Args:
            path: of an existing file, relative to the folder.
            max_pixels: bound that it is judged by.
        """
        name = Path(path).as_posix()
        known = self._current(name)
        if known.max_pixels != max_pixels:
            opened = self.pictures.open(path, max_pixels)
            known = replace(known, fault=opened.fault or None, max_pixels=max_pixels, sketch=opened.sketch)
        self._seen[name] = known
        return known.fault

    def sketch(self, path: str) -> bytes | None:
        """The sketch of an image that was judged; None if it cannot be used."""
        known = self._seen.get(Path(path).as_posix())
        return known.sketch if known else None

    def data_hash(self, paths: Iterable[Path]) -> str:
        """SHA-256 over the content of files and their paths in the folder, as `writing.hash_files` gives it."""
        digest = hashlib.sha256()
        for path in sorted(paths):
            name = path.relative_to(self.folder).as_posix()
            digest.update(name.encode() + b"\0" + bytes.fromhex(self.content_hash(name)))
        return digest.hexdigest()

    def content_hash(self, path: str) -> str:
        """SHA-256 of the content of a file; it is read unless it is as it was when it was read last.

        Args:
            path: of an existing file, relative to the folder.
        """
        name = Path(path).as_posix()
        known = self._current(name)
        if known.sha256 is None:
            with (self.folder / name).open("rb") as file:
                known = replace(known, sha256=hashlib.file_digest(file, "sha256").hexdigest())
        self._seen[name] = known
        return str(known.sha256)

    def table(self) -> pl.DataFrame:
        """What was seen, in the columns of `FINGERPRINTS`, sorted by path."""
        rows = [{"path": name, **asdict(each)} for name, each in sorted(self._seen.items())]
        return pl.DataFrame(rows, schema=FINGERPRINTS)

    @classmethod
    def of_table(cls, folder: Path, table: pl.DataFrame, pictures: Path | None = None) -> "Fingerprints":
        """What `table` gave, for a bank in `folder`, of whose images copies were kept in `pictures`."""
        seen = cls(folder, pictures=pictures)
        rows = table.select(list(FINGERPRINTS)).iter_rows(named=True)
        seen._seen = {row.pop("path"): Fingerprint(**row) for row in rows}
        return seen

    def copied_to(self, folder: Path) -> "Fingerprints":
        """The same files after they were copied into another folder."""
        copied = Fingerprints(folder)
        copied.pictures = self.pictures.in_folder(folder)
        for name, each in self._seen.items():
            found = (folder / name).stat()
            copied._seen[name] = replace(each, mtime_ns=found.st_mtime_ns, ctime_ns=found.st_ctime_ns)
        return copied

    def _current(self, name: str) -> Fingerprint:
        """What is known of a file as it is now."""
        found = (self.folder / name).stat()
        now = Fingerprint(found.st_size, found.st_mtime_ns, found.st_ctime_ns)
        known = self._seen.get(name) or self._before.get(name) or now
        return known if replace(known, sha256=None, fault=None, max_pixels=None, sketch=None) == now else now
