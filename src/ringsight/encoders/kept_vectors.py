"""Vectors of notes that were read already: BERT reads each note once for a model, whoever asks for it.

A run asks for the same notes four times: training fits the space to them, the joint space is trained on two halves of
every history and on all of it, and then everybody is embedded. What was read is kept in memory alone, by a hash of
the note, so that nothing is left of it when the process ends.
"""

import hashlib
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray
from safetensors.torch import save
from torch import Tensor

Vectors = NDArray[np.float32]
MOST = 200_000
"""Vectors that are kept, those asked for last: 300 MB of the default encoder's."""


class KeptVectors:
    """The vectors of token sequences, by encoder."""

    def __init__(self, most: int = MOST) -> None:
        """Keep at most so many."""
        self._most = most
        self._kept: OrderedDict[tuple[str, bytes], Vectors] = OrderedDict()

    def of(self, encoder: str, tokens: Sequence[Sequence[int]], read: Callable[[list[int]], Vectors]) -> Vectors:
        """The vectors of some notes, each read once.

        Args:
            encoder: hash of its weights.
            tokens: of each note.
            read: takes numbers of notes, and gives their vectors in that order; shape (notes, hidden).

        Returns:
            Shape (notes, hidden).
        """
        keys = [(encoder, hashlib.sha256(np.asarray(note, dtype=np.int32).tobytes()).digest()) for note in tokens]
        first = {key: number for number, key in reversed(list(enumerate(keys)))}
        found = {key: self._kept[key] for key in first if key in self._kept}
        unread = sorted(number for key, number in first.items() if key not in found)
        new = read(unread)
        found |= zip((keys[number] for number in unread), new, strict=True)
        for key in first:
            self._kept[key] = found[key]
            self._kept.move_to_end(key)
        while len(self._kept) > self._most:
            self._kept.popitem(last=False)
        return np.array([found[key] for key in keys], dtype=np.float32).reshape(len(keys), new.shape[1])


def weights_hash(weights: Mapping[str, Tensor]) -> str:
    """SHA-256 of an encoder's weights."""
    return hashlib.sha256(save({name: tensor.contiguous().cpu() for name, tensor in weights.items()})).hexdigest()
