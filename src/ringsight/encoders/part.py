"""A part of a model: one folder with weights, settings, preprocessing, metrics, learning curve, card and content hash.

Nothing in it is pickled: tensors are safetensors, everything else is JSON and Markdown.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.numpy import load_file as load_arrays
from safetensors.numpy import save_file as save_arrays
from safetensors.torch import load_file, save_file
from torch import Tensor

from ringsight.errors import ModelError
from ringsight.records.writing import write_folder_atomically

PARTS = 8
"""Parts that are kept once they were read: those of two models."""
HASHED = ("weights.safetensors", "preprocessing.safetensors", "settings.json")


@dataclass(frozen=True, slots=True, eq=False)
class Part:
    """What an encoder or a fusion head needs to embed, and what is known of it."""

    kind: str
    """`transactions`, `notes`, `id_images` or `joint`."""
    weights: Mapping[str, Tensor]
    preprocessing: Mapping[str, NDArray[Any]]
    """What was fitted on the training bank: `SPACE.ARRAY` -> array."""
    settings: dict[str, Any]
    """The settings it was trained with, and the vocabularies fitted."""
    metrics: dict[str, float]
    hash: str
    """SHA-256 of weights, preprocessing and settings."""

    @classmethod
    def read(cls, folder: Path, kind: str) -> "Part":
        """Read a part and check that it is whole; one that has not changed since is not read again.

        Raises:
            ModelError: if it is missing, damaged, or of another kind.
        """
        remedy = f"train it: `ringsight train encoder={kind} bank.path=FOLDER model={folder.parent}`"
        if not (folder / "hash").is_file():
            raise ModelError(f"no trained {kind} part here", where=str(folder), remedy=remedy)
        part = _read(folder.resolve(), _signature(folder), remedy)
        if part.kind != kind:
            raise ModelError(f"this is the part `{part.kind}`, not `{kind}`", where=str(folder), remedy=remedy)
        return part

    @classmethod
    def _whole(cls, folder: Path, remedy: str) -> "Part":
        try:
            expected = (folder / "hash").read_text(encoding="ascii").strip()
            if content_hash(folder) != expected:
                raise ModelError("the files do not match the part's hash", where=str(folder), remedy=remedy)
            described = json.loads((folder / "settings.json").read_text(encoding="utf-8"))
            part = cls(
                kind=described["kind"],
                weights=load_file(folder / "weights.safetensors"),
                preprocessing=load_arrays(folder / "preprocessing.safetensors"),
                settings=described["settings"],
                metrics=json.loads((folder / "metrics.json").read_text(encoding="utf-8")),
                hash=expected,
            )
        except (OSError, ValueError, KeyError, SafetensorError) as error:
            if isinstance(error, ModelError):
                raise
            raise ModelError(f"damaged: {error}", where=str(folder), remedy=remedy) from error
        return part

    def fitted(self, space: str) -> dict[str, NDArray[Any]]:
        """The arrays fitted for one of the part's spaces, by their names within it.

        Raises:
            ModelError: if there are none: a former version had no such space.
        """
        arrays = {
            name.removeprefix(f"{space}."): array
            for name, array in self.preprocessing.items()
            if name.startswith(f"{space}.")
        }
        if not arrays:
            raise ModelError(
                f"the part `{self.kind}` has no space `{space}`: a former version trained it",
                remedy=f"train it: `ringsight train encoder={self.kind} again=true bank.path=FOLDER model=FOLDER`",
            )
        return arrays


@lru_cache(maxsize=PARTS)
def _read(folder: Path, _: tuple[tuple[str, int, int, int], ...], remedy: str) -> Part:
    """A part whose files have this signature."""
    return Part._whole(folder, remedy)


def _signature(folder: Path) -> tuple[tuple[str, int, int, int], ...]:
    """By what it is known that no file of a part has changed: name, time, size and place on the disk of each."""
    files = sorted(path for path in folder.iterdir() if path.is_file())
    return tuple((path.name, (told := path.stat()).st_mtime_ns, told.st_size, told.st_ino) for path in files)


def write_part(
    folder: Path,
    *,
    kind: str,
    weights: Mapping[str, Tensor],
    preprocessing: Mapping[str, NDArray[Any]],
    settings: Mapping[str, Any],
    metrics: Mapping[str, float],
    card: str,
    curve: str = "",
) -> None:
    """Write a part's folder, whole or not at all; `curve` is its learning curve, where it has one."""
    with write_folder_atomically(folder) as partial:
        save_file({name: tensor.contiguous().cpu() for name, tensor in weights.items()}, partial / HASHED[0])
        save_arrays({name: np.ascontiguousarray(array) for name, array in preprocessing.items()}, partial / HASHED[1])
        _write_json(partial / "settings.json", {"kind": kind, "settings": dict(settings)})
        _write_json(partial / "metrics.json", dict(metrics))
        (partial / "card.md").write_text(card, encoding="utf-8")
        if curve:
            (partial / "curve.csv").write_text(curve, encoding="utf-8")
        (partial / "hash").write_text(content_hash(partial) + "\n", encoding="ascii")


def content_hash(folder: Path) -> str:
    """SHA-256 of what decides a part's embeddings.

    Raises:
        OSError: if a file is missing.
    """
    digest = hashlib.sha256()
    for name in HASHED:
        with (folder / name).open("rb") as file:
            digest.update(hashlib.file_digest(file, "sha256").digest())
    return digest.hexdigest()


def _write_json(path: Path, content: Mapping[str, Any]) -> None:
    path.write_text(json.dumps(content, indent=2, sort_keys=True) + "\n", encoding="utf-8")
