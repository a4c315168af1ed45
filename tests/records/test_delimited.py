"""CSV files as banks export them."""

import pytest
from bank_folder import Folder

from ringsight.errors import DataError
from ringsight.records.bank import Bank


def test_a_byte_order_mark_is_no_part_of_the_first_name(folder: Folder, sound_bank: Bank) -> None:
    path = folder.path / "customers.csv"
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes())
    assert folder.read(max_bad_rows=0).customers.equals(sound_bank.customers)


def test_windows_line_ends_and_no_last_line_end_are_fine(folder: Folder, sound_bank: Bank) -> None:
    for table in ("customers", "transactions", "call_notes"):
        path = folder.path / f"{table}.csv"
        path.write_bytes(path.read_bytes().rstrip().replace(b"\n", b"\r\n"))
    bank = folder.read(max_bad_rows=0)
    assert bank.transactions.equals(sound_bank.transactions) and bank.notes.equals(sound_bank.notes)


def test_text_may_hold_commas_quotes_and_lines(folder: Folder) -> None:
    lines = folder.lines("call_notes")
    folder.write("call_notes", [*lines, b'C02,2020-01-01,N,"said ""yes"",\nthen, left"'])
    notes = folder.read(max_bad_rows=0).notes
    assert notes.filter(note_id="N")["text"].to_list() == ['said "yes",\nthen, left']


@pytest.mark.parametrize("line", [b'C02,2020-01-01,N,"never closed', b'C02,"never closed'])
def test_a_quotation_that_swallows_the_file_is_refused(folder: Folder, line: bytes) -> None:
    header, *rows = folder.lines("call_notes")
    folder.write("call_notes", [header, rows[0], line, *rows[1:]])
    with pytest.raises(DataError, match=r"call_notes.csv, row 2: a quotation mark opens and never closes"):
        folder.read()


def test_a_file_in_another_encoding_loses_only_the_rows_that_need_it(folder: Folder) -> None:
    lines = [*folder.lines("call_notes"), "C02,2020-01-01,N,été à Zürich".encode("cp1252")]
    folder.write("call_notes", [*lines, b"C02,2020-01-02,M,fine"])
    bank = folder.read()
    assert bank.quarantine["reason"].to_list() == [r"not UTF-8: '\xe9t\xe9 \xe0 Z\xfcrich'"]
    assert "fine" in bank.notes["text"]


def test_a_ragged_row_with_stray_bytes_does_no_harm(folder: Folder) -> None:
    """Arrow aborts the process on one, were the file not mended first."""
    folder.write("call_notes", [*folder.lines("call_notes"), b"C02,\xff\xfe,too,many,cells"])
    assert folder.read().quarantine["reason"].to_list() == ["too many cells: 5 instead of 4"]


def test_private_use_characters_in_sound_utf8_are_kept(folder: Folder) -> None:
    folder.write("call_notes", [*folder.lines("call_notes"), "C02,2020-01-01,N,logo \uf7e9".encode()])
    assert folder.read(max_bad_rows=0).notes.filter(note_id="N")["text"].to_list() == ["logo \uf7e9"]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "no header"),
        ("customer_id,opened_at\nC1,2020-01-01\n".encode("utf-16"), "not UTF-8"),
        (b"caf\xe9,opened_at\n", "not UTF-8"),
        ("customer_id,opened_at\nC1,2020-01-01\n".encode("utf-16-be"), "NUL characters"),
        (b"customer_id,customer_id\nC1,C2\n", "stands in the header twice"),
        (b"customer_id;opened_at\nC1;2020-01-01\n", r"parted by semicolons\n[^$]*delimiter: ;"),
    ],
)
def test_a_file_that_is_no_such_table_is_refused(folder: Folder, content: bytes, message: str) -> None:
    (folder.path / "customers.csv").write_bytes(content)
    with pytest.raises(DataError, match=message):
        folder.read()
