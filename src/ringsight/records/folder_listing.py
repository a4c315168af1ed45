"""Every file of a bank's folder: what it is used for, or why it is not."""

import os
from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from pathlib import Path, PurePosixPath
from urllib.parse import unquote

from ringsight.errors import DataError
from ringsight.records.given_table import GivenFile
from ringsight.records.plain_files import DELIMITED, EXCEL, PACKED, PARQUET, suffix_of

MOST_FILES = 5_000_000
"""Files that a bank's folder may hold."""
PICTURES = (
    *(".jpg", ".jpeg", ".png", ".tif", ".tiff", ".bmp", ".webp", ".gif"),
    *(".pbm", ".pgm", ".ppm", ".pnm", ".heic", ".heif", ".pdf"),
)
TABLES = (*PARQUET, *DELIMITED, *EXCEL)
"""Suffixes of tables, in the case of any letter, and before that of a packing."""
SAYING = "bank.yaml"
PROPOSED = "bank.proposed.yaml"
LISTED = 12
"""Ignored files that are listed one by one."""


@dataclass(frozen=True, slots=True)
class ListedFile:
    """What becomes of one file."""

    path: str
    """From the bank's folder on."""
    use: str
    """What it is used as; empty if it is ignored."""
    reason: str = ""
    """Why it is ignored."""


@dataclass(frozen=True, slots=True)
class FolderListing:
    """What becomes of each file of a bank's folder."""

    files: tuple[ListedFile, ...] = ()

    def used_as(self, use: str) -> list[str]:
        """The files that are used so."""
        return [file.path for file in self.files if file.use == use]

    def ignored(self) -> list[ListedFile]:
        """The files that are not used."""
        return [file for file in self.files if not file.use]

    def with_pictures(self, paths: Collection[str], table: str) -> "FolderListing":
        """The same once it is known which pictures a table names."""
        named = {PurePosixPath(path).as_posix() for path in paths}
        files = (
            ListedFile(file.path, f"a picture of {table}") if file.path in named and not file.use else file
            for file in self.files
        )
        return FolderListing(tuple(files))

    def because(self, reasons: Mapping[str, str]) -> "FolderListing":
        """The same with better reasons for some ignored files."""
        files = (
            replace(file, reason=reasons[file.path]) if not file.use and file.path in reasons else file
            for file in self.files
        )
        return FolderListing(tuple(files))

    def lines(self) -> list[str]:
        """What to say of the ignored files: each with its reason, or of many with one reason how many."""
        ignored = sorted(self.ignored(), key=lambda file: not is_table(file.path))
        groups = _grouped(ignored, by_folder=True)
        if len(groups) > LISTED:
            groups = _grouped(ignored, by_folder=False)
        said = [_ignored(paths, reason) for (_, reason), paths in groups.items()]
        more = len(said) - LISTED
        return said[:LISTED] + ([f"ignored: files for {more:,} more reasons"] if more > 0 else [])


def _grouped(files: list[ListedFile], *, by_folder: bool) -> dict[tuple[str, str], list[str]]:
    """The paths of ignored files by folder, or of all folders, and reason."""
    groups: dict[tuple[str, str], list[str]] = {}
    for file in files:
        folder = PurePosixPath(file.path).parent.as_posix() if by_folder else ""
        groups.setdefault((folder, file.reason), []).append(file.path)
    return groups


def _ignored(paths: list[str], reason: str) -> str:
    if len(paths) == 1:
        return f"ignored: {paths[0]} ({reason})"
    return f"ignored: {len(paths):,} files, {paths[0]} the first ({reason})"


def files_in(folder: Path) -> tuple[list[str], dict[str, str]]:
    """The files of a folder and of those inside it, and what was passed over.

    Returns:
        Paths from the folder on, sorted; and path -> why that file was passed over, or that folder was not entered.

    Raises:
        DataError: if there are more than `MOST_FILES`.
    """
    found: list[str] = []
    passed: dict[str, str] = {}

    def note(error: OSError) -> None:
        passed[Path(str(error.filename)).relative_to(folder).as_posix()] = "a folder that cannot be opened"

    for parent, folders, names in os.walk(folder, onerror=note):
        inside = Path(parent).relative_to(folder)
        texts = [name for name in names if name.isascii() or _is_text(name)]
        found += [(inside / name).as_posix() for name in texts]
        passed |= {(inside / name).as_posix(): "a name that is not UTF-8" for name in set(names) - set(texts)}
        links = [name for name in folders if Path(parent, name).is_symlink()]
        passed |= {(inside / name).as_posix(): "a link to a folder, which is not followed" for name in links}
        if len(found) > MOST_FILES:
            raise DataError(f"holds more than {MOST_FILES:,} files", where=str(folder), remedy="part it")
    return sorted(found), passed


def _is_text(name: str) -> bool:
    """Whether the name of a file is UTF-8; Python has stand-ins for bytes that are not."""
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return True


def places_of(name: str, files: list[str], asked: str | None, folder: Path) -> dict[str, list[str]]:
    """Where a table may lie: {file or folder: its files}.

    Args:
        name: of the table.
        files: of the bank's folder.
        asked: the file, folder or pattern that was named for it.
        folder: the bank's.

    Raises:
        DataError: if there is no file as asked.
    """
    if asked is not None:
        asked = PurePosixPath(asked).as_posix()
        below = [file for file in files if file.startswith(f"{asked}/")]
        inside = [file for file in below if is_table(file)] or [file for file in below if is_picture(file)]
        found = [asked] if asked in files else inside or [file for file in files if _fits(file, asked)]
        if not found:
            near = ", ".join(file for file in files if is_table(file)) or "none"
            remedy = f"the tables there are: {near[:500]}"
            raise DataError(f"no file {asked!r}, which is to be {name}", where=str(folder), remedy=remedy)
        return {asked: found}
    places: dict[str, list[str]] = {}
    for file in files:
        first, _, rest = file.partition("/")
        if _named(first, name, bool(rest)) and (not rest or (is_table(file) and not is_hidden(file))):
            places.setdefault(first, []).append(file)
    pictures = {file.partition("/")[0] for file in files if "/" in file and is_picture(file)}
    return {place: found for place, found in places.items() if found == [place] or place not in pictures}


def pattern_of(pictures: Collection[str]) -> str:
    """One pattern, or folder, that names all of some pictures and those of their kind; empty if there is none."""
    paths = [PurePosixPath(path) for path in pictures]
    if len({len(path.parts) for path in paths}) != 1 or len(paths) < 2:
        return ""
    suffixes = {path.suffix for path in paths}
    levels = [set(parts) for parts in zip(*(path.parts[:-1] for path in paths), strict=True)]
    folders = [min(names) if len(names) == 1 else "*" for names in levels]
    if len(suffixes) > 1 and "*" not in folders and folders:
        return "/".join(folders)
    return "/".join([*folders, f"*{min(suffixes)}" if len(suffixes) == 1 else "*"])


def given_files(folder: Path, place: str, found: list[str]) -> tuple[GivenFile, ...]:
    """The files of a table, with what the folders around them say (`month=4`).

    Raises:
        DataError: if they are of several formats.
    """
    kinds = Counter(_format(file) for file in found)
    if len(kinds) > 1:
        raise DataError(
            f"{place} holds tables in {len(kinds)} formats: {', '.join(sorted(kinds))}",
            where=str(folder),
            remedy=f"keep one, or name it in bank.yaml by a pattern such as {place}/*.{min(kinds)}",
        )
    return tuple(GivenFile(folder / file, file, dict(_keys(file))) for file in found)


def ignored_because(path: str) -> str:
    """Why a file that no table claims is ignored."""
    packed = path.lower().endswith((".zip", ".7z", ".rar", ".tar", ".tgz", ".xz", ".lz4"))
    reasons = {
        f"a proposal, in force once it is called {SAYING}": path == PROPOSED,
        "hidden, or of a program's own": is_hidden(path),
        "the truth, which evaluate alone reads": path.startswith("truth/"),
        "a picture that no row names": is_picture(path),
        "a table, but called like none of a bank's": is_table(path),
        "packed in a way that is not read: unpack it": packed,
    }
    return next((reason for reason, holds in reasons.items() if holds), "neither a table nor a picture")


def is_table(path: str) -> bool:
    """Whether the suffix is that of a table."""
    return suffix_of(Path(path)) in TABLES


def is_picture(path: str) -> bool:
    """Whether the suffix is that of a picture."""
    return suffix_of(Path(path)) in PICTURES


def is_hidden(path: str) -> bool:
    """Whether a file is hidden, or one that programs write for themselves (`_SUCCESS`, `.crc`, `~$lock`)."""
    parts = PurePosixPath(path).parts
    return any(part.startswith((".", "_", "~$")) for part in parts) or parts[-1].lower() in ("thumbs.db", "desktop.ini")


def _named(first: str, name: str, is_folder: bool) -> bool:
    """Whether a file or folder is called as a table is."""
    path = Path(first.lower())
    if is_folder:
        return path.name == name or (path.stem == name and path.suffix in TABLES)
    plain = path.with_suffix("") if path.suffix in PACKED else path
    return plain.stem == name and plain.suffix in TABLES


def _fits(file: str, pattern: str) -> bool:
    """Whether a file fits a pattern, folder by folder."""
    parts, wanted = file.split("/"), pattern.split("/")
    return len(parts) == len(wanted) and all(map(fnmatchcase, parts, wanted))


def _format(file: str) -> str:
    suffix = suffix_of(Path(file))
    return "parquet" if suffix in PARQUET else suffix.removeprefix(".")


def _keys(file: str) -> Iterator[tuple[str, str | None]]:
    """What folders called `name=value` say (Hive)."""
    for part in file.split("/")[:-1]:
        name, equals, value = part.partition("=")
        if equals and name:
            yield unquote(name), None if value == "__HIVE_DEFAULT_PARTITION__" else unquote(value)
