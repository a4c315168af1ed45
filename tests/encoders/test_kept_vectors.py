"""Notes are read once for each encoder."""

import numpy as np
import torch
from numpy.typing import NDArray

from ringsight.encoders.kept_vectors import KeptVectors, weights_hash

NOTES = [[1, 2, 3], [4], [1, 2, 3], [5, 6]]


class Reader:
    """Reads notes, and remembers which."""

    def __init__(self, tokens: list[list[int]]) -> None:
        self.tokens = tokens
        self.read: list[list[int]] = []

    def __call__(self, notes: list[int]) -> NDArray[np.float32]:
        self.read += [self.tokens[note] for note in notes]
        return np.array([[sum(self.tokens[note]), len(self.tokens[note])] for note in notes], np.float32).reshape(-1, 2)


def test_each_note_is_read_once_and_has_its_own_vector():
    kept, reader = KeptVectors(), Reader(NOTES)
    for _ in range(2):
        np.testing.assert_array_equal(kept.of("a", NOTES, reader), [[6, 3], [4, 1], [6, 3], [11, 2]])
    assert reader.read == [[1, 2, 3], [4], [5, 6]]


def test_what_is_new_is_read_and_what_was_read_is_not():
    kept, reader = KeptVectors(), Reader(NOTES)
    kept.of("a", NOTES, reader)
    later = Reader([[7], [4]])
    np.testing.assert_array_equal(kept.of("a", [[7], [4]], later), [[7, 1], [4, 1]])
    assert later.read == [[7]]


def test_no_notes_have_no_vectors():
    assert KeptVectors().of("a", [], Reader([])).shape == (0, 2)


def test_another_encoder_reads_for_itself():
    kept, reader = KeptVectors(), Reader(NOTES)
    kept.of("a", NOTES, reader)
    kept.of("b", NOTES, reader)
    assert len(reader.read) == 6


def test_no_more_are_kept_than_allowed_and_those_asked_for_last_stay():
    kept, reader = KeptVectors(most=2), Reader(NOTES)
    assert kept.of("a", NOTES, reader).shape == (4, 2)  # more than are kept
    kept.of("a", [[5, 6]], Reader([[5, 6]]))
    kept.of("a", [[9]], Reader([[9]]))
    again = Reader([[5, 6], [4]])
    kept.of("a", [[5, 6], [4]], again)
    assert again.read == [[4]]


def test_tokens_that_only_look_alike_are_apart():
    tokens = [[1, 2], [258], [1], [1, 0]]
    reader = Reader(tokens)
    KeptVectors().of("a", tokens, reader)
    assert reader.read == tokens


def test_the_hash_follows_the_weights():
    one, other = {"w": torch.zeros(3)}, {"w": torch.tensor([0.0, 0.0, 1.0])}
    assert weights_hash(one) == weights_hash({"w": torch.zeros(3)}) != weights_hash(other)
