"""Names: spellings of one name are told apart from names of one family."""

import pytest

from ringsight.detection.spellings import most_of_one_name


@pytest.mark.parametrize(
    ("names", "most"),
    [
        (["Anna Müller", "MUELLER, Anna", "Ana Muller", "Anna Mueller"], 4),
        (["Anna Müller", "Bert Müller", "Clara Müller"], 1),
        (["John Smith", "Jon Smith", "Mary Jones"], 2),
        (["Li Wei", "Wei Li", "Wang Wei"], 2),
        (["Анна Иванова", "Иванова Анна"], 2),
        (["", "", "Ada"], 1),
        (["", " - "], 0),
        ([], 0),
    ],
)
def test_how_many_have_one_name(names: list[str], most: int):
    assert most_of_one_name(names) == most
    assert most_of_one_name(names[::-1]) == most
