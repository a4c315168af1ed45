"""What stands in so many notes that it says nothing of any: greetings, disclaimers, the system's own sentences.

A run of `GRAM` tokens that more than `COMMON` of the customers have in their notes is cut out of each before it is read
(w-shingling: Broder 1997). Without this a disclaimer as long as a window would be all that is read.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import polars as pl
from numpy.typing import NDArray
from tokenizers import Encoding, Tokenizer

from ringsight.encoders.bag_space import COMMON
from ringsight.encoders.part import Part

GRAM = 8
"""Tokens of a run."""
FEWEST = 20
"""What no more customers have is kept, whatever their share: it may be a script that the members of a ring share."""
AT_ONCE = 20_000
"""Notes that are fitted on, at most."""
FACTOR = np.uint64(0x9E3779B97F4A7C15)
"""Of a polynomial hash modulo 2**64; odd, so that no bit is lost."""


@dataclass(frozen=True, slots=True, eq=False)
class Boilerplate:
    """The runs of tokens that are common in the training bank's notes."""

    grams: NDArray[np.uint64]
    """Their hashes, sorted."""

    @classmethod
    def of(cls, part: Part) -> Self:
        """The boilerplate that a trained part knows; a former version's knows none."""
        return cls(part.preprocessing.get("boilerplate.grams", np.zeros(0, np.uint64)))

    def arrays(self) -> dict[str, NDArray[Any]]:
        """For the part."""
        return {"boilerplate.grams": self.grams}

    def cut_from(self, tokenizer: Tokenizer, texts: Sequence[str]) -> list[str]:
        """The texts without what is common; one in which nothing is stays as it is, to the letter."""
        if not len(self.grams):
            return list(texts)
        encoded = _encoded(tokenizer, texts)
        grams, _, start = _grams(encoded)
        at = start[np.isin(grams, self.grams)]
        covered = np.zeros(sum(map(len, encoded)) + GRAM, dtype=np.int64)
        np.add.at(covered, at, 1)
        np.add.at(covered, at + GRAM, -1)
        ends = np.cumsum([len(each) for each in encoded])
        common = np.split(covered.cumsum() > 0, ends)[: len(encoded)]
        return [
            _without(text, each, cut) if cut.any() else text
            for text, each, cut in zip(texts, encoded, common, strict=True)
        ]


def fit_boilerplate(tokenizer: Tokenizer, notes: pl.DataFrame) -> Boilerplate:
    """Find what is common in notes (columns customer_id, text)."""
    sample = notes.gather_every(max(len(notes) // AT_ONCE, 1))
    customer = np.unique(sample["customer_id"].cast(pl.String).to_numpy(), return_inverse=True)[1]
    grams, note, _ = _grams(_encoded(tokenizer, sample["text"].to_list()))
    held = pl.DataFrame({"gram": grams, "customer": customer[note]}).unique()
    count = held.group_by("gram").len().filter(pl.col("len") > max(FEWEST, COMMON * (customer.max(initial=-1) + 1)))
    return Boilerplate(np.sort(count["gram"].to_numpy()))


def _encoded(tokenizer: Tokenizer, texts: Sequence[str]) -> list[Encoding]:
    tokenizer.no_padding()
    tokenizer.no_truncation()
    return tokenizer.encode_batch(list(texts), add_special_tokens=False)


def _grams(encoded: Sequence[Encoding]) -> tuple[NDArray[np.uint64], NDArray[np.int64], NDArray[np.int64]]:
    """The hash of each run of `GRAM` tokens within a note, its note, and its place among the tokens of all."""
    note = np.repeat(np.arange(len(encoded)), [len(each) for each in encoded])
    tokens = np.array([token for each in encoded for token in each.ids], dtype=np.uint64)
    runs = max(len(tokens) - GRAM + 1, 0)
    hashes = np.zeros(runs, dtype=np.uint64)
    for place in range(GRAM):
        hashes = hashes * FACTOR + tokens[place : place + runs] + np.uint64(1)
    start = np.flatnonzero(note[:runs] == note[GRAM - 1 : GRAM - 1 + runs])
    return hashes[start], note[start], start


def _without(text: str, encoded: Encoding, cut: NDArray[np.bool_]) -> str:
    """The stretches of a text that are left, put together; nothing where no word is."""
    edges = np.flatnonzero(np.diff(np.concatenate([[True], cut, [True]]).astype(np.int8)))
    spans = [
        (encoded.offsets[first][0], encoded.offsets[last - 1][1])
        for first, last in zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True)
    ]
    left = " ".join(text[begin:end] for begin, end in spans)
    return left if any(map(str.isalnum, left)) else ""
