"""The pictures of a bank, each opened once: what everybody reads of them is a small copy.

A picture is decoded by `picture_openers`, at the first reading of the bank or when it is first looked at, and its copy
is kept: in a folder that goes with this object, or in the one that a run keeps (`runs.kept_pictures`). Only copies,
which are our own files, are decoded in this process.
"""

import hashlib
import io
from dataclasses import dataclass
from pathlib import Path
from threading import Lock

from PIL import Image

from ringsight.errors import DataError
from ringsight.records.picture_openers import MOST_BYTES, openers
from ringsight.records.writing import TemporaryFolder, write_atomically

MOST_PIXELS = 50_000_000
"""A picture of more pixels is not opened, where no other bound is given."""
SKETCH = (24, 16)
"""Width and height of the sketch of a picture, in grey levels: enough to tell whether it shows anything."""


@dataclass(frozen=True, slots=True)
class OpenedPicture:
    """A small copy of a picture, or the reason why there is none."""

    image: Image.Image | None
    """In RGB, upright; None where `fault` says why."""
    fault: str = ""

    def require(self, path: str) -> Image.Image:
        """The copy of the picture at `path`.

        Raises:
            DataError: if there is none.
        """
        if self.image is None:
            raise DataError(f"{self.fault}, though it could be opened before", where=path, remedy="read the bank anew")
        return self.image

    @property
    def sketch(self) -> bytes | None:
        """The means of its parts, in grey levels; `SKETCH` says how many."""
        if self.image is None:
            return None
        return self.image.convert("L").resize(SKETCH, Image.Resampling.BOX).tobytes()


class OpenedPictures:
    """Small copies of the pictures in one folder, by path."""

    def __init__(self, folder: Path, kept: Path | None = None) -> None:
        """Begin with no copies, or with those that a run kept.

        Args:
            folder: that the paths are relative to, and must not leave.
            kept: folder of copies, which is only read.
        """
        self.folder = folder
        self.kept = kept
        """Folder of copies that are only read."""
        self._own: TemporaryFolder | None = None
        self._changed: set[str] = set()
        self._lock = Lock()

    def in_folder(self, folder: Path) -> "OpenedPictures":
        """The same copies, of the same pictures in another folder."""
        there = OpenedPictures(folder, self.kept)
        there._own, there._changed = self._own, set(self._changed)
        return there

    def kept_in(self, folder: Path) -> None:
        """Read the copies in a folder from now on, where all of them were brought."""
        self.kept, self._own, self._changed = folder, None, set()

    def open(self, path: str, most_pixels: int = MOST_PIXELS) -> OpenedPicture:
        """Open a picture anew, and keep its copy; may be called from several threads.

        Args:
            path: relative to the folder.
            most_pixels: bound on width times height.
        """
        content = self._content(path)
        made = content if isinstance(content, str) else openers().open(content, most_pixels)
        if isinstance(made, str):
            self._changed.add(path)
            return OpenedPicture(None, made)
        encoded = io.BytesIO()
        made.save(encoded, "WEBP", lossless=True, quality=0, method=0)
        with self._lock, write_atomically(self._room() / copy_name(path)) as partial:
            partial.write_bytes(encoded.getvalue())
        return OpenedPicture(made)

    def look(self, path: str) -> OpenedPicture:
        """The copy of a picture; one that was not opened yet is opened now."""
        copy = self.copy(path)
        if copy is None:
            return self.open(path)
        with Image.open(copy, formats=("WEBP",)) as image:
            return OpenedPicture(image.convert("RGB"))

    def copy(self, path: str) -> Path | None:
        """The file of a picture's copy; None where there is none."""
        name = copy_name(path)
        if self._own is not None and (self._own.path / name).is_file():
            return self._own.path / name
        if self.kept is not None and path not in self._changed and (self.kept / name).is_file():
            return self.kept / name
        return None

    def _room(self) -> Path:
        if self._own is None:
            self._own = TemporaryFolder()
        return self._own.path

    def _content(self, path: str) -> bytes | str:
        """The bytes of a file inside the folder, or why they are not read."""
        fault = path_fault(self.folder, path)
        if fault is not None:
            return fault
        try:
            with (self.folder / path).open("rb") as file:
                content = file.read(MOST_BYTES + 1)
        except OSError:
            return "cannot be read"
        return content if len(content) <= MOST_BYTES else f"larger than {MOST_BYTES >> 20} MiB"


def copy_name(path: str) -> str:
    """Name of the copy of the picture at a path; it says nothing of the path, which may name a customer."""
    return f"{hashlib.sha256(Path(path).as_posix().encode()).hexdigest()[:40]}.webp"


def path_fault(folder: Path, path: str) -> str | None:
    """Why the file at `path`, relative to `folder`, is not opened, or None."""
    try:
        full = (folder / path).resolve()
        if Path(path).is_absolute() or ".." in Path(path).parts or not full.is_relative_to(folder.resolve()):
            return "path leaves the folder"
        return None if full.is_file() else "no such file"
    except (OSError, ValueError):  # a name that no file can have
        return "no such file"
