"""Notes that the base cannot read: what it does not know is one token to it, or a row of single letters.

Notes in a script that is not in its vocabulary would all be alike. Of a script of which it has the letters and no words
it reads the letters, which are much the same in any two notes of a language.
"""

import json
import unicodedata
from collections import Counter, defaultdict
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Self

import polars as pl
from tokenizers import Encoding, Tokenizer

from ringsight.encoders.note_base import base_folder
from ringsight.encoders.settings import NotesConfig
from ringsight.progress import say
from ringsight.records.bank import Bank
from ringsight.records.passed_over import PASSED_OVER, counted

NOTES = "notes"
UNKNOWN = ("[UNK]", "<unk>")
"""How tokenizers call what they do not know, where they do not say it themselves."""
AT_ONCE = 10_000
MULTILINGUAL = "paraphrase-multilingual-MiniLM-L12-v2, which knows 50"
"""A base for other languages than English."""
MOST_SPELT = 0.5
"""Share of a note's letters that may stand in words which are spelt letter by letter. English, German and French notes
lie below .1 with the packaged base, Turkish and Vietnamese ones below .25, Russian, Greek, Arabic and Hebrew ones above
.8; what is not known counts too."""
SHORTEST_SPELT = 3
"""Letters of the shortest word that counts as spelt."""
PIECES_A_LETTER = 0.75
"""Pieces for each letter of a word, from which on it is spelt; for what stands for a syllable, twice as many."""
SYLLABLES = ("CJK", "HIRAGANA", "KATAKANA", "HANGUL")
"""Scripts of which one character is a syllable or a word, as Unicode calls them; bases read them one by one."""
WORDS_OF_A_BASE = 0.1
"""Share of a vocabulary that has three letters or more; a base with less reads all languages letter by letter."""


@dataclass(frozen=True, slots=True, eq=False)
class NoteReader:
    """What reads a note's tokens, and how far."""

    tokenizer: Tokenizer
    most_unknown: float
    """Share of a note's letters that may stand in tokens which it does not know."""
    reach: int
    """Tokens of a note that are read, about: those that open and close a window count."""

    @classmethod
    def of(cls, config: NotesConfig, part: Path) -> Self | None:
        """The reader of a trained part, else that of the base.

        Args:
            config: of the encoder.
            part: folder of the part, which may not be there.

        Returns:
            None where neither can be read: training or embedding will say so.
        """
        told: dict[str, Any] = {}
        try:
            if (part / "settings.json").is_file():
                told = json.loads((part / "settings.json").read_text(encoding="utf-8"))["settings"]
                tokenizer, windows = Tokenizer.from_str(told["tokenizer"]), told.get("windows", 1)
            else:
                tokenizer = Tokenizer.from_file(str(base_folder(config) / "tokenizer.json"))
                windows = config.windows
        except Exception:  # tokenizers raises nothing narrower, and a part that is damaged is refused where it is read
            return None
        longest = told.get("longest", config.longest)
        return cls(tokenizer, told.get("most_unknown", config.most_unknown), windows * longest)


def unread_notes(notes: pl.DataFrame, reader: NoteReader) -> tuple[pl.DataFrame, int]:
    """Find the notes of which a base knows too little, and count those that it does not read to their end.

    Args:
        notes: of a bank (note_id, text).
        reader: of the base, or of the encoder that was trained from it.

    Returns:
        Columns of `PASSED_OVER`, where the reason names the script; and how many notes are longer than the reach.
    """
    unknown, rows, longer = _unknown(reader.tokenizer), [], 0
    most_spelt = max(reader.most_unknown, MOST_SPELT) if _has_words(reader.tokenizer) else 1.0
    reader.tokenizer.no_padding()
    reader.tokenizer.no_truncation()
    for some in notes.select(pl.col("note_id").cast(pl.String), "text").iter_slices(AT_ONCE):
        encoded = reader.tokenizer.encode_batch(some["text"].to_list(), add_special_tokens=False)
        for (note, text), each in zip(some.iter_rows(), encoded, strict=True):
            longer += len(each) > reader.reach
            lost = _unknown_share(each, unknown) if unknown in each.ids else 0.0
            reason = ""
            if lost > reader.most_unknown:
                reason = f"written in {_script(text)} script, which notes.base does not know"
            elif lost + _spelt_share(each, text, unknown) > most_spelt:
                reason = f"written in {_script(text)} script, which notes.base spells letter by letter"
            if reason:
                rows.append({"modality": NOTES, "record": note, "reason": reason})
    return pl.DataFrame(rows, schema=PASSED_OVER).sort("record"), longer


def mark_unread_notes(bank: Bank, model: Path | None, config: NotesConfig) -> Bank:
    """The bank with the notes that its base cannot read among the records passed over; said, and once.

    Args:
        bank: that was read.
        model: folder of the model; where it has no part for notes, the base is meant that one would be trained from.
        config: of the note encoder.
    """
    if bank.unread_known or bank.notes.is_empty():
        return bank
    reader = NoteReader.of(config, (model or Path()) / NOTES)
    if reader is None:
        return bank
    unread, longer = unread_notes(bank.notes, reader)
    if longer:
        say(f"  {longer:,} notes have more than {reader.reach:,} tokens, and are read up to there: notes.windows")
    for reason, notes in counted(unread).get(NOTES, {}).items():
        say(
            f"  passed over of notes, as if absent: {notes:,} ({reason}). They take a BERT that knows their language, "
            f"such as {MULTILINGUAL}: name its folder on this machine with notes.base=FOLDER"
        )
    return replace(bank, passed_over=pl.concat([bank.passed_over, unread]), unread_known=True)


def _unknown(tokenizer: Tokenizer) -> int:
    """The token that stands for what is not known; -1 where there is none."""
    names = [getattr(tokenizer.model, "unk_token", None), *UNKNOWN]
    found = [token for name in names if name and (token := tokenizer.token_to_id(name)) is not None]
    return found[0] if found else -1


def _unknown_share(encoded: Encoding, unknown: int) -> float:
    """Share of the letters of a note that stand in tokens which are not known."""
    letters = [end - begin for begin, end in encoded.offsets]
    lost = sum(length for length, token in zip(letters, encoded.ids, strict=True) if token == unknown)
    return lost / max(sum(letters), 1)


def _has_words(tokenizer: Tokenizer) -> bool:
    """Whether a vocabulary has more than letters."""
    vocabulary = tokenizer.get_vocab()
    long = sum(sum(map(str.isalpha, piece)) >= SHORTEST_SPELT for piece in vocabulary)
    return long > WORDS_OF_A_BASE * len(vocabulary)


def _spelt_share(encoded: Encoding, text: str, unknown: int) -> float:
    """Share of the letters of a note that stand in words which are spelt; words with digits are ids, and do not count.

    Words are those of the tokenizer, and what is not known is in none of them.
    """
    letters = sum(map(str.isalpha, text))
    if len(encoded) < PIECES_A_LETTER * MOST_SPELT * letters:
        return 0.0  # which spares most notes the rest
    pieces: dict[int, list[tuple[int, int]]] = defaultdict(list)
    for word, span, token in zip(encoded.word_ids, encoded.offsets, encoded.ids, strict=True):
        if word is not None and token != unknown:
            pieces[word].append(span)
    counted, spelt = 0, 0
    for spans in pieces.values():
        whole = text[min(begin for begin, _ in spans) : max(end for _, end in spans)]
        if not any(map(str.isdigit, whole)) and (size := sum(map(str.isalpha, whole))):
            counted += size
            weight = 2 if unicodedata.name(whole.strip()[0], "").split(" ")[0].split("-")[0] in SYLLABLES else 1
            spelt += size if size >= SHORTEST_SPELT and len(spans) >= PIECES_A_LETTER * weight * size else 0
    return spelt / max(letters, 1) if counted else 0.0


def _script(text: str) -> str:
    """The script that most letters of a text are of, as Unicode names it."""
    names = (unicodedata.name(letter, "").split(" ")[0] for letter in text if letter.isalpha())
    scripts = Counter(name.split("-")[0].capitalize() for name in names if name)
    return scripts.most_common(1)[0][0] if scripts else "no known"
