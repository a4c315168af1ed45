"""Notes that the base cannot read: what it does not know is one token to it, whatever is written.

Notes in a script that is not in its vocabulary would all be alike.
"""

import json
import unicodedata
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import polars as pl
from tokenizers import Encoding, Tokenizer

from ringsight.encoders.note_base import base_folder
from ringsight.encoders.settings import NotesConfig
from ringsight.records.passed_over import PASSED_OVER

UNKNOWN = ("[UNK]", "<unk>")
"""How tokenizers call what they do not know, where they do not say it themselves."""
AT_ONCE = 10_000


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
    reader.tokenizer.no_padding()
    reader.tokenizer.no_truncation()
    for some in notes.select(pl.col("note_id").cast(pl.String), "text").iter_slices(AT_ONCE):
        encoded = reader.tokenizer.encode_batch(some["text"].to_list(), add_special_tokens=False)
        for (note, text), each in zip(some.iter_rows(), encoded, strict=True):
            longer += len(each) > reader.reach
            if unknown in each.ids and _unknown_share(each, unknown) > reader.most_unknown:
                reason = f"written in {_script(text)} script, which notes.base does not know"
                rows.append({"modality": "notes", "record": note, "reason": reason})
    return pl.DataFrame(rows, schema=PASSED_OVER).sort("record"), longer


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


def _script(text: str) -> str:
    """The script that most letters of a text are of, as Unicode names it."""
    names = (unicodedata.name(letter, "").split(" ")[0] for letter in text if letter.isalpha())
    scripts = Counter(name.split("-")[0].capitalize() for name in names if name)
    return scripts.most_common(1)[0][0] if scripts else "no known"
