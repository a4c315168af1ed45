"""Notes of which a base knows too little are passed over, and the script is named."""

import shutil
from pathlib import Path

import polars as pl
import pytest
from tiny_bank import tiny_bank
from tokenizers import Tokenizer
from tokenizers.models import BPE, WordLevel, WordPiece
from tokenizers.pre_tokenizers import Whitespace

from ringsight.encoders.note_base import base_folder
from ringsight.encoders.settings import NotesConfig
from ringsight.encoders.unread_notes import NoteReader, mark_unread_notes, unread_notes
from ringsight.errors import SettingsError
from ringsight.progress import report_to
from ringsight.records.passed_over import PASSED_OVER, counted

THAI = "ลูกค้าโทรมาเพราะบัตรหาย"
WORDS = ["клиент", "звонил", "по", "поводу", "карты", "card"]


def unread(table: pl.DataFrame, tokenizer: Tokenizer, most_unknown: float = 0.2) -> pl.DataFrame:
    return unread_notes(table, NoteReader(tokenizer, most_unknown, 128))[0]


def notes(*texts: str) -> pl.DataFrame:
    return pl.DataFrame({"note_id": [f"n{at}" for at in range(len(texts))], "text": list(texts)})


@pytest.fixture(scope="module")
def packaged() -> Tokenizer:
    return Tokenizer.from_file(str(base_folder(NotesConfig()) / "tokenizer.json"))


@pytest.fixture
def multilingual(tmp_path: Path, bert: Path) -> Path:
    """A made-up base that knows words of Russian."""
    folder = tmp_path / "multilingual"
    shutil.copytree(bert, folder)
    vocabulary = {word: number for number, word in enumerate(["[PAD]", "[UNK]", "[CLS]", "[SEP]", *WORDS])}
    tokenizer = Tokenizer(WordLevel(vocabulary, unk_token="[UNK]"))  # noqa: S106 - not a password
    tokenizer.pre_tokenizer = Whitespace()
    tokenizer.save(str(folder / "tokenizer.json"))
    return folder


def test_a_note_in_a_script_that_the_base_does_not_know_is_named(packaged: Tokenizer) -> None:
    found = unread(notes("the card is lost", THAI, f"card {THAI}", "Grüße, the card 👍"), packaged, 0.2)
    assert found["record"].to_list() == ["n1", "n2"]
    assert dict(found.schema) == PASSED_OVER
    assert counted(found) == {"notes": {"written in Thai script, which notes.base does not know": 2}}


@pytest.mark.parametrize(("bound", "passed"), [(0.4, True), (0.6, False), (1, False)])
def test_the_bound_is_a_share_of_the_letters(packaged: Tokenizer, bound: float, passed: bool) -> None:
    half = "a" * len(THAI) + " " + THAI
    assert unread(notes(half), packaged, bound).is_empty() != passed


def test_a_base_that_knows_the_words_reads_them(multilingual: Path, bert: Path) -> None:
    russian = notes("клиент звонил по поводу карты")
    for base, count in ((bert, 1), (multilingual, 0)):
        reader = NoteReader.of(NotesConfig(base=base), Path("nowhere"))
        assert reader is not None
        assert len(unread_notes(russian, reader)[0]) == count


def test_no_notes_are_no_unread_ones(packaged: Tokenizer) -> None:
    assert unread(notes().cast({"note_id": pl.String, "text": pl.String}), packaged, 0.2).is_empty()


def test_a_tokenizer_without_an_unknown_token_knows_all() -> None:
    assert unread(notes("x"), Tokenizer(BPE())).is_empty()


def test_a_part_that_is_damaged_or_a_base_that_is_none_is_left_to_who_reads_it(tmp_path: Path) -> None:
    assert NoteReader.of(NotesConfig(base=tmp_path), tmp_path / "notes") is None
    (tmp_path / "notes").mkdir()
    (tmp_path / "notes" / "settings.json").write_text("{}", "utf-8")
    assert NoteReader.of(NotesConfig(), tmp_path / "notes") is None


def test_what_is_passed_over_is_said_once_with_what_helps(tmp_path: Path, bert: Path) -> None:
    bank = tiny_bank(tmp_path / "bank")
    foreign = bank.notes.with_columns(
        text=pl.when(pl.col("customer_id") == "c000").then(pl.lit(THAI)).otherwise("text")
    )
    said: list[str] = []
    with report_to(lambda update: said.append(str(getattr(update, "text", update)))):
        found = mark_unread_notes(bank.with_records(notes=foreign), None, NotesConfig(base=bert))
        assert mark_unread_notes(found, None, NotesConfig(base=bert)) is found
    assert len([line for line in said if "Thai" in line and "notes.base=FOLDER" in line]) == 1
    assert "c000" not in found.telling().notes["customer_id"]
    assert found.telling().notes.height == bank.notes.height - 2
    assert found.notes.height == bank.notes.height


def test_notes_that_are_longer_than_what_is_read_are_counted_and_said(tmp_path: Path, bert: Path) -> None:
    bank = tiny_bank(tmp_path / "bank")
    said: list[str] = []
    with report_to(lambda update: said.append(str(getattr(update, "text", update)))):
        mark_unread_notes(bank, None, NotesConfig(base=bert, longest=8, windows=1))
        assert said == []
        long = bank.notes.with_columns(text=pl.concat_str(pl.col("text"), pl.lit(" paya")))
        mark_unread_notes(bank.with_records(notes=long), None, NotesConfig(base=bert, longest=8, windows=1))
    assert len(said) == 1
    assert f"{bank.notes.height} notes have more than 8 tokens" in said[0]


@pytest.mark.parametrize("share", [-0.1, 1.1])
def test_a_share_out_of_range_is_refused(share: float) -> None:
    with pytest.raises(SettingsError, match="most_unknown"):
        NotesConfig(most_unknown=share)


SPELT = {
    "Cyrillic": "Клиент позвонил по поводу потерянной карты и попросил заблокировать счёт до конца недели",
    "Greek": "Ο πελάτης τηλεφώνησε επειδή έχασε την κάρτα του και ζήτησε να κλειδωθεί ο λογαριασμός",
    "Arabic": "اتصل العميل لأنه فقد بطاقته وطلب إغلاق الحساب حتى نهاية الأسبوع",
    "Hebrew": "הלקוח התקשר כי איבד את הכרטיס וביקש לחסום את החשבון",
    "Hangul": "고객이 카드를 분실하여 계좌를 정지해 달라고 전화했습니다",
}
READ = {
    "English": "CX called re lost card, ASAP!!! wd fr ovs fee",
    "German": "Überweisungsauftrag zurückgewiesen, Kontodeckungsanfrage, Rücklastschriftgebühr angemahnt",
    "French": "Le client a appelé parce qu'il a perdu sa carte et demande de bloquer le compte jusqu'à vendredi",
    "Turkish": "Müşteri kartını kaybettiği için aradı ve hesabın hafta sonuna kadar kapatılmasını istedi",
    "Polish": "Klient zadzwonił, ponieważ zgubił kartę i poprosił o zablokowanie rachunku do końca tygodnia",
    "ids": "A1B2C3D4 X9Y8Z7 Q5W6E7 R3T2Y1, IBAN DE89 3704 0044 0532 0130 00",
    "mostly English": "the customer called about a lost card and wants it blocked; said спасибо",
}


@pytest.mark.parametrize("script", SPELT)
def test_a_script_of_which_the_base_has_letters_and_no_words_is_passed_over(packaged: Tokenizer, script: str) -> None:
    assert counted(unread(notes(SPELT[script], READ["English"]), packaged)) == {
        "notes": {f"written in {script} script, which notes.base spells letter by letter": 1}
    }
    assert unread(notes(SPELT[script]), packaged, 1.0).is_empty(), "most_unknown=1 lets every note count"


@pytest.mark.parametrize("language", READ)
def test_languages_of_which_the_base_has_parts_of_words_are_read(packaged: Tokenizer, language: str) -> None:
    assert unread(notes(READ[language]), packaged).is_empty()


def made_up(pieces: list[str]) -> Tokenizer:
    """A base with these pieces, which joins what it can, the longest first."""
    vocabulary = {piece: at for at, piece in enumerate(["[UNK]", *pieces, *(f"##{piece}" for piece in pieces)])}
    tokenizer = Tokenizer(WordPiece(vocabulary, unk_token="[UNK]"))  # noqa: S106 - not a password
    tokenizer.pre_tokenizer = Whitespace()
    return tokenizer


def test_the_statistic_holds_for_a_base_of_another_language_and_spares_one_that_reads_letters() -> None:
    russian = ["клиент", "звонил", "карт", "ы", *"клиентзвопарты", *"lostcard"]
    base = made_up(list(dict.fromkeys(russian)))
    found = unread(notes("клиент звонил карты", "lost card"), base)
    assert counted(found) == {"notes": {"written in Latin script, which notes.base spells letter by letter": 1}}
    letters = made_up(list("lostcard"))
    assert unread(notes("lost card"), letters).is_empty(), "it was made to read letters"


def test_characters_that_are_words_are_not_spelt() -> None:
    base = made_up(["客户", "打电话", "电话号", *"客户打电话说他的卡丢了"])
    assert unread(notes("客户打电话说他的卡丢了"), base).is_empty()
