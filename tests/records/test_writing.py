"""Files are whole or absent; hashes follow content and names, not order."""

from pathlib import Path

import pytest

from ringsight.records.writing import hash_files, write_atomically, write_folder_atomically


def test_a_file_appears_whole(tmp_path: Path) -> None:
    with write_atomically(tmp_path / "new" / "a.csv") as partial:
        partial.write_text("whole")
        assert partial.suffix == ".csv" and not (tmp_path / "new" / "a.csv").exists()
    assert [path.name for path in (tmp_path / "new").iterdir()] == ["a.csv"]


def test_an_interrupted_write_leaves_what_was(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("former")
    with pytest.raises(KeyboardInterrupt), write_atomically(tmp_path / "a.csv") as partial:
        partial.write_text("half")
        raise KeyboardInterrupt
    assert [path.read_text() for path in tmp_path.iterdir()] == ["former"]


def test_an_interrupted_folder_leaves_what_was(tmp_path: Path) -> None:
    for content in ("former", "later"):
        with write_folder_atomically(tmp_path / "run") as partial:
            (partial / content).write_text(content)
    assert [path.name for path in (tmp_path / "run").iterdir()] == ["later"]
    with pytest.raises(KeyboardInterrupt), write_folder_atomically(tmp_path / "run") as partial:
        (partial / "half").write_text("half")
        raise KeyboardInterrupt
    assert [path.name for path in tmp_path.rglob("*")] == ["run", "later"]


def test_hash_follows_content_and_name_but_not_order(tmp_path: Path) -> None:
    a, b = tmp_path / "a", tmp_path / "b"
    a.write_text("1")
    b.write_text("2")
    both = hash_files([a, b], tmp_path)
    assert hash_files([b, a], tmp_path) == both
    a.write_text("2")
    b.write_text("1")
    assert hash_files([a, b], tmp_path) != both
    assert hash_files([], tmp_path) != hash_files([a], tmp_path)
