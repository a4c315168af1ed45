"""What of the last night takes long to find out, kept on disk by what it follows from, so that a restart is quick.

A file is taken where the SHA-256 of all that it was made from is the same, and is made anew otherwise. Nothing in it is
pickled, and it names no customer: rows are numbers.
"""

import hashlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save_file

from ringsight.progress import say
from ringsight.records.writing import write_atomically

Arrays = Mapping[str, NDArray[np.generic]]
FORM = "1"
"""Of what is kept: another one makes it anew."""


@dataclass(frozen=True, slots=True)
class KeptNight:
    """A folder of what was found out; none where nothing is to be kept."""

    folder: Path | None = None

    def arrays(self, name: str, made_from: Iterable[object], make: Callable[[], Arrays]) -> Arrays:
        """Arrays that follow from what is given: as they lie here, or made now.

        Args:
            name: of the file.
            made_from: everything that the arrays follow from, arrays and plain values.
            make: makes them.
        """
        if self.folder is None:
            return make()
        path, key = self.folder / f"{name}.safetensors", _digest(made_from)
        there = _read(path, key)
        if there is not None:
            return there
        made = {each: np.ascontiguousarray(array) for each, array in make().items()}
        try:
            with write_atomically(path) as partial:
                save_file(made, partial, metadata={"made_from": key})
        except OSError as error:  # a run that lies where nothing may be written is served all the same
            say(f"  not kept for the next start: {path} cannot be written ({error.strerror})")
        return made


def _read(path: Path, key: str) -> Arrays | None:
    if not path.is_file():
        return None
    try:
        with safe_open(path, framework="np") as file:
            if (file.metadata() or {}).get("made_from") != key:
                return None
            return {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 - it is no mapping
    except (SafetensorError, OSError):  # made anew
        return None


def _digest(made_from: Iterable[object]) -> str:
    digest = hashlib.sha256(FORM.encode())
    for each in made_from:
        if isinstance(each, np.ndarray):
            digest.update(f"{each.dtype.str}{each.shape}".encode())
            digest.update(np.ascontiguousarray(each).view(np.uint8).data)
        else:
            digest.update(repr(each).encode())
    return digest.hexdigest()
