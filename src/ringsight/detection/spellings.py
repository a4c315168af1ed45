"""Whether names are one name in several spellings: `Anna Müller`, `MUELLER, ANNA`, `Ana Muller`."""

import unicodedata
from collections.abc import Sequence
from difflib import SequenceMatcher

import networkx as nx

ALIKE = 0.85
"""Two names are spellings of one if so large a part of their letters matches (Ratcliff and Obershelp 1988)."""


def most_of_one_name(names: Sequence[str]) -> int:
    """How many of these are spellings of one name; names are compared word by word, in any order of the words.

    Args:
        names: as a bank wrote them; empty where unknown.
    """
    plain = [_plain(name) for name in names]
    alike: nx.Graph[int] = nx.Graph()
    alike.add_nodes_from(number for number, name in enumerate(plain) if name)
    for a in alike:
        for b in range(a + 1, len(plain)):
            if plain[b] and SequenceMatcher(None, plain[a], plain[b], autojunk=False).ratio() >= ALIKE:
                alike.add_edge(a, b)
    return max(map(len, nx.connected_components(alike)), default=0)


def _plain(name: str) -> str:
    """Letters without case and accents, words in alphabetical order."""
    letters = unicodedata.normalize("NFKD", name.casefold())
    words = "".join(letter if letter.isalpha() else " " for letter in letters if not unicodedata.combining(letter))
    return " ".join(sorted(words.split()))
