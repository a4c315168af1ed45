"""What all notes have in common is cut out of them, and what few have stays to the letter."""

from pathlib import Path

import numpy as np
import polars as pl
import pytest
from tokenizers import Tokenizer

from ringsight.encoders.boilerplate import FEWEST, GRAM, Boilerplate, fit_boilerplate
from ringsight.encoders.note_base import base_folder
from ringsight.encoders.note_tokens import Windows, windows_of
from ringsight.encoders.note_vectors import whole_notes
from ringsight.encoders.settings import NotesConfig

GREETING = "Thank you for calling the contact centre of the bank; this conversation is recorded for training purposes."
CLOSING = "The caller was told that staff never ask for a full password, and wished a pleasant day by the agent."
SCRIPT = "My nephew sold the blue caravan near the harbour and waits for three thousand from the notary."
MATTERS = ["lost the {} card", "asks for a {} loan", "moves to {} street", "sold the {} car", "forgot the {} password"]


@pytest.fixture(scope="module")
def tokenizer() -> Tokenizer:
    return Tokenizer.from_file(str(base_folder(NotesConfig()) / "tokenizer.json"))


def said(count: int) -> list[str]:
    words = ["red", "old", "new", "green", "third", "small", "other", "spare", "joint"]
    return [MATTERS[at % 5].format(words[at % 9]) + f" on day {at}." for at in range(count)]


def notes(texts: list[str]) -> pl.DataFrame:
    return pl.DataFrame({"customer_id": [f"c{at:03}" for at in range(len(texts))], "text": texts})


def test_what_all_notes_begin_and_end_with_is_cut_out(tokenizer: Tokenizer) -> None:
    texts = [f"{GREETING} {each} {CLOSING}" for each in said(60)]
    found = fit_boilerplate(tokenizer, notes(texts)).cut_from(tokenizer, texts)
    assert found == [each.rstrip(".") for each in said(60)]  # the full stop stands before every closing


@pytest.mark.parametrize("share", [0.2, 0.6])
def test_what_many_have_is_cut_out_and_what_fewer_have_is_not(tokenizer: Tokenizer, share: float) -> None:
    texts = [f"{each} {CLOSING}" if at < share * 100 else each for at, each in enumerate(said(100))]
    found = fit_boilerplate(tokenizer, notes(texts)).cut_from(tokenizer, texts)
    assert (CLOSING in found[0]) == (share < 0.3)
    assert found[99] is texts[99]


def test_a_script_of_a_ring_is_kept_though_a_small_bank_is_full_of_it(tokenizer: Tokenizer) -> None:
    texts = [f"{SCRIPT} {each}" if at < FEWEST else each for at, each in enumerate(said(30))]
    assert fit_boilerplate(tokenizer, notes(texts)).cut_from(tokenizer, texts) == texts


def test_one_customer_who_repeats_themselves_is_not_many(tokenizer: Tokenizer) -> None:
    texts = [SCRIPT] * 60 + said(20)
    table = notes(texts).with_columns(customer_id=pl.Series(["c"] * 60 + [f"d{at}" for at in range(20)]))
    assert fit_boilerplate(tokenizer, table).cut_from(tokenizer, texts) == texts


def test_a_note_of_nothing_else_is_empty(tokenizer: Tokenizer) -> None:
    texts = [GREETING] * 60
    found = fit_boilerplate(tokenizer, notes(texts))
    assert found.cut_from(tokenizer, [GREETING, "", "short", "?"]) == ["", "", "short", "?"]
    assert found.cut_from(tokenizer, [f"{GREETING} ?! …"]) == [""]  # nor is what is left a word


def test_no_notes_have_no_boilerplate(tokenizer: Tokenizer) -> None:
    none = fit_boilerplate(tokenizer, notes([]).cast({"customer_id": pl.String, "text": pl.String}))
    assert none.cut_from(tokenizer, []) == []
    assert fit_boilerplate(tokenizer, notes([GREETING] * 60)).cut_from(tokenizer, []) == []


def test_no_run_of_tokens_reaches_over_two_notes(tokenizer: Tokenizer) -> None:
    halves = [" ".join(GREETING.split()[: GRAM // 2])] * 200
    assert not len(fit_boilerplate(tokenizer, notes(halves)).grams)


def test_what_is_common_is_the_same_in_any_order(tokenizer: Tokenizer) -> None:
    texts = [f"{GREETING} {each}" for each in said(60)]
    one, other = (fit_boilerplate(tokenizer, notes(some)).grams for some in (texts, texts[::-1]))
    np.testing.assert_array_equal(one, other)
    assert Boilerplate(one).arrays()["boilerplate.grams"] is one


# --- windows ---------------------------------------------------------------------------------------------------------


def test_a_note_that_fits_is_one_window_of_the_tokens_that_it_always_had(tokenizer: Tokenizer) -> None:
    texts = [*said(5), "?", " "]
    tokenizer.enable_truncation(128)
    before = [each.ids for each in tokenizer.encode_batch(texts)]
    windows = windows_of(tokenizer, texts, 128, 8)
    assert windows.tokens == before
    assert windows.note.tolist() == list(range(7))


def test_a_longer_note_is_read_to_its_end_or_to_its_last_window(tokenizer: Tokenizer) -> None:
    text = " ".join(said(40))
    whole = tokenizer.encode(text, add_special_tokens=False).ids
    windows = windows_of(tokenizer, [text, "short"], 16, 100)
    assert [token for window in windows.tokens[:-1] for token in window[1:-1]] == whole
    assert max(map(len, windows.tokens)) == 16
    few = windows_of(tokenizer, [text, "short"], 16, 3)
    assert few.note.tolist() == [0, 0, 0, 1]
    assert few.tokens[:3] == windows.tokens[:3]


def test_a_note_is_the_mean_of_its_windows_by_their_tokens() -> None:
    vectors = np.array([[1, 0], [0, 1], [0.6, 0.8]], np.float32)
    windows = Windows([[1, 2, 3], [4], [5]], np.array([0, 0, 1]))
    found = whole_notes(vectors, windows, 2)
    np.testing.assert_allclose(found[0], np.array([3, 1]) / 10**0.5, rtol=1e-6)
    np.testing.assert_array_equal(found[1], vectors[2])
    single = Windows([[1], [2], [3]], np.arange(3))
    assert whole_notes(vectors, single, 3) is vectors


def test_no_notes_are_no_windows(tokenizer: Tokenizer, tmp_path: Path) -> None:
    windows = windows_of(tokenizer, [], 16, 3)
    assert windows.tokens == []
    assert whole_notes(np.zeros((0, 4), np.float32), windows, 0).shape == (0, 4)
