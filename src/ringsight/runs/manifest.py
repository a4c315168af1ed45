"""`run.json`: what a run's folder says of itself, and which folders can be opened."""

import json
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from enum import StrEnum
from importlib.metadata import version
from pathlib import Path
from typing import Any, Self

from ringsight.errors import DataError
from ringsight.runs.commit import commit
from ringsight.runs.files import write_json
from ringsight.runs.paths import RunPaths
from ringsight.vectors.vector_store import StoreConfig, StoreKind

FORMAT = 1
"""Of the folder. A later version that lays files out otherwise counts it up."""


class RunState(StrEnum):
    """How far a run has come."""

    begun = "begun"
    """It has not written all of its results; it is under way, or was cut off."""
    finished = "finished"


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """What a run's folder says of itself. Paths inside it are relative, others absolute; empty where there is none."""

    format: int = FORMAT
    ringsight: str
    """Version that wrote it."""
    commit: str = ""
    """Commit that wrote it, where it ran from a checkout, with `-dirty` where files were changed since."""
    state: RunState = RunState.begun
    bank: str
    """Folder of the bank."""
    model: str
    """Folder of the model."""
    store: str = ""
    """Folder or address of the vector store."""
    previous: str = ""
    """Folder of the run before, whose rings this one follows."""
    files: tuple[str, ...] = ()
    """Names of the results that were written."""

    @classmethod
    def beginning(cls, *, bank: str, model: str, store: str = "", previous: str = "") -> Self:
        """Of a run that begins now."""
        return cls(
            ringsight=version("ringsight"), commit=commit(), bank=bank, model=model, store=store, previous=previous
        )

    def finished(self, paths: RunPaths) -> Self:
        """Of the same run, whose results are whole."""
        files = sorted(path.name for path in (*paths.results(), *paths.kept()) if path.exists())
        return replace(self, state=RunState.finished, files=tuple(files))

    def write(self, paths: RunPaths) -> None:
        """Write it, atomically."""
        write_json(paths.manifest, asdict(self))


def read_manifest(paths: RunPaths) -> Manifest | None:
    """The manifest of a run's folder; None where there is none, as in a folder that a former version wrote.

    Raises:
        DataError: if it is damaged, or of another format.
    """
    path = paths.manifest
    if not path.is_file():
        return None
    try:
        told: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        names = set(Manifest.__dataclass_fields__) - ({"commit"} - set(told))  # a former one has no commit
        known = {name: told[name] for name in names} if told["format"] == FORMAT else None
        if known is not None:
            return Manifest(**known | {"state": RunState(told["state"]), "files": tuple(told["files"])})
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise DataError(f"damaged: {error}", where=str(path), remedy=_again(paths)) from error
    raise DataError(
        f"of format {told['format']}, and this version of ringsight reads format {FORMAT}",
        where=str(path),
        remedy=f"open it with the version that wrote it ({told.get('ringsight')}), or {_again(paths)}",
    )


def former_manifest(paths: RunPaths) -> Manifest | None:
    """The manifest in a folder whose state does not matter; None where there is none that can be read."""
    with suppress(DataError):
        return read_manifest(paths)
    return None


def list_files(paths: RunPaths) -> None:
    """Write down anew which results there are, after some were added to a finished run, or removed."""
    manifest = former_manifest(paths)
    if manifest is not None and manifest.state is RunState.finished:
        manifest.finished(paths).write(paths)


def require_finished(paths: RunPaths, *, former: bool = False) -> None:
    """Refuse a run that is not whole.

    Args:
        paths: of the run.
        former: whether a run will do that a former version wrote.

    Raises:
        DataError: if the run is not finished, a table of it is missing, or a former version wrote it.
    """
    manifest = read_manifest(paths)
    whole = paths.summary.is_file()
    if manifest is None and whole and former:
        return
    if manifest is None and whole:
        raise DataError(
            f"this run was written by a former version of ringsight ({paths.manifest.name} is missing)",
            where=str(paths.folder),
            remedy=f"{_again(paths)}; its lineage, model and decisions go into a new run with after={paths.folder}",
        )
    if manifest is None or manifest.state is not RunState.finished:
        why = f"{paths.manifest.name} is missing" if manifest is None else "the run was begun and not finished"
        raise DataError(
            f"no finished detection here ({why})",
            where=str(paths.folder),
            remedy="run `ringsight run bank.path=FOLDER out=FOLDER` to its end",
        )
    tables = [paths.summary.name, *(name for name in manifest.files if name.endswith(".parquet"))]
    if missing := [name for name in tables if not (paths.folder / name).is_file()]:
        raise DataError(
            f"no finished detection here any more ({missing[0]} is missing)",
            where=str(paths.folder),
            remedy=_again(paths),
        )


def named(path: Path, folder: Path) -> str:
    """A path as the manifest in `folder` names it."""
    whole, folder = path.resolve(), folder.resolve()
    return str(whole.relative_to(folder) if whole.is_relative_to(folder) else whole)


def address(store: StoreConfig, folder: Path) -> str:
    """A vector store as the manifest in `folder` names it; empty if it is gone when closed."""
    match store.kind:
        case StoreKind.lite:
            return named(store.beside(folder).path or folder, folder)
        case StoreKind.server:
            return f"{store.uri}/{store.database}".rstrip("/")
        case StoreKind.memory:
            return ""


def _again(paths: RunPaths) -> str:
    return f"detect there again: `ringsight detect bank.path=FOLDER out={paths.folder}`"
