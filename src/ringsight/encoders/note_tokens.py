"""Notes as tokens: whole, to be embedded, or as pairs of random crops, to be told from the crops of other notes."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Int
from numpy.typing import NDArray
from tokenizers import Tokenizer
from torch import Tensor
from torch.utils.data import Dataset

SHORTEST_CROP = 0.6
Pair = tuple[list[int], list[int]]


@dataclass(slots=True)
class Crops:
    """Cuts a random stretch, at least `SHORTEST_CROP` long, out of a note."""

    tokenizer: Tokenizer
    longest: int
    """Tokens of a crop that are read."""
    rng: np.random.Generator

    def of(self, texts: Sequence[str]) -> list[list[int]]:
        """The tokens of one crop of each note."""
        return tokens_of(self.tokenizer, [self._cut(text) for text in texts], self.longest)

    def _cut(self, text: str) -> str:
        words = text.split()
        length = int(np.ceil(len(words) * self.rng.uniform(SHORTEST_CROP, 1)))
        start = int(self.rng.integers(len(words) - length + 1))
        return " ".join(words[start : start + length])


class CropPairs(Dataset[Pair]):
    """Two crops of each note, cut once."""

    def __init__(self, texts: Sequence[str], crops: Crops) -> None:
        self.pairs = list(zip(crops.of(texts), crops.of(texts), strict=True))

    def __len__(self) -> int:
        """Count the notes."""
        return len(self.pairs)

    def __getitem__(self, note: int) -> Pair:
        """The tokens of both crops of a note."""
        return self.pairs[note]


def stacked(pairs: Sequence[Pair]) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Pairs as one batch: tokens and mask of the first crops, then of the second."""
    return *padded([first for first, _ in pairs]), *padded([second for _, second in pairs])


def tokens_of(tokenizer: Tokenizer, texts: Sequence[str], longest: int) -> list[list[int]]:
    """The tokens of each text, at most `longest` of them."""
    tokenizer.no_padding()
    tokenizer.enable_truncation(longest)
    return [encoding.ids for encoding in tokenizer.encode_batch(list(texts))]


@dataclass(frozen=True, slots=True, eq=False)
class Windows:
    """Notes in stretches that are read at once."""

    tokens: list[list[int]]
    """Of each window, with the tokens that open and close it."""
    note: NDArray[np.int64]
    """The note that each window is of, in order; every note has one at least."""


def windows_of(tokenizer: Tokenizer, texts: Sequence[str], longest: int, most: int) -> Windows:
    """Cut notes into windows of at most `longest` tokens, `most` of each note; one that fits is one window."""
    tokenizer.no_padding()
    tokenizer.no_truncation()
    bodies = [each.ids for each in tokenizer.encode_batch(list(texts), add_special_tokens=False)]
    example = tokenizer.encode("a")
    inner = np.flatnonzero(np.array(example.special_tokens_mask) == 0)
    head, tail = example.ids[: inner[0]], example.ids[inner[-1] + 1 :]
    room = longest - len(head) - len(tail)
    starts = [range(0, max(len(body), 1), room)[:most] for body in bodies]
    return Windows(
        tokens=[
            [*head, *body[start : start + room], *tail]
            for body, begun in zip(bodies, starts, strict=True)
            for start in begun
        ],
        note=np.repeat(np.arange(len(bodies)), [len(begun) for begun in starts]),
    )


def padded(tokens: Sequence[list[int]]) -> tuple[Int[Tensor, "notes length"], Int[Tensor, "notes length"]]:
    """Notes as one batch of equal length, and the mask of their own tokens."""
    length = max(len(ids) for ids in tokens)
    ids = torch.tensor([note + [0] * (length - len(note)) for note in tokens])
    mask = torch.tensor([[1] * len(note) + [0] * (length - len(note)) for note in tokens])
    return ids, mask
