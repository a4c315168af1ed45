"""Call notes: a voice for each caller, the agents who write, and the notes that follow from both.

A voice is what someone calls about, the reasons given, the words preferred, the sums named, how long and how careless.
Agents have ways of their own, and some of them write every note into a template.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np
import polars as pl
from numpy.typing import NDArray

from ringsight.records.synthetic import grammar
from ringsight.records.synthetic.people import END, Group, GroupKind, People
from ringsight.records.synthetic.settings import SyntheticBankConfig
from ringsight.records.synthetic.traits import Traits, codes

LENGTH, CARE = range(2)
INTENTS, PRETEXTS = slice(0, 3), slice(3, 5)
WORDING, SAYS, MOOD, AMOUNT, CITY, MONTH, SHOP, STYLE = range(5, 13)
MEAN_NOTES = {"branch": 1.3, "web": 1.9, "app": 2.1}
"""Mean number of notes before the cut at four, by how customers came to the bank."""
KEEP = 0.75
"""Chance that a caller does in a note as always."""


@dataclass(frozen=True, slots=True, eq=False)
class _Agent:
    agent_id: str
    opener: str
    closer: str
    template: str | None


def draw_voices(n: int, rng: np.random.Generator) -> Traits:
    """Draw the voices of n callers."""
    alternatives = [
        *(len(grammar.INTENTS),) * 3,
        *(len(grammar.PRETEXTS),) * 2,
        *(4, len(grammar.SAYS), len(grammar.MOODS), 40),
        *(len(grammar.CITIES), len(grammar.MONTHS), len(grammar.SHOPS), 4),
    ]
    return Traits(real=rng.standard_normal((n, 2)), choice=rng.integers(0, alternatives, (n, len(alternatives))))


def notes_table(
    config: SyntheticBankConfig, people: People, voices: Traits, rng: np.random.Generator
) -> tuple[pl.DataFrame, list[Group]]:
    """Draw the call_notes table in the columns of the data contract, sorted by time.

    Returns:
        The table, and as groups the customers of each agent who writes into a template.
    """
    agents = _draw_agents(max(4, len(people) // 40), rng)
    means = [MEAN_NOTES[channel] for channel in people.onboarding]
    owner = np.repeat(np.arange(len(people)), np.minimum(4, rng.poisson(means)))
    agent = rng.integers(0, len(agents), len(owner))
    moments = [_office_hours(config.days * one, rng) for one in rng.random(len(owner))]
    texts = [_note(voices, int(one), agents[other], rng) for one, other in zip(owner, agent, strict=True)]
    table = pl.DataFrame(
        {
            "note_id": codes("N", len(owner), rng),
            "customer_id": people.customer_id[owner],
            "timestamp": pl.Series(moments, dtype=pl.Datetime("ms")),
            "agent_id": [agents[one].agent_id for one in agent],
            "text": pl.Series(texts, dtype=pl.String),
        }
    ).sort("timestamp", "note_id")
    templated = [number for number, one in enumerate(agents) if one.template]
    return table, [Group(GroupKind.agent_template, np.unique(owner[agent == number])) for number in templated]


def _draw_agents(count: int, rng: np.random.Generator) -> list[_Agent]:
    return [
        _Agent(
            agent_id=str(agent_id),
            opener=str(rng.choice(grammar.OPENERS)),
            closer=str(rng.choice(grammar.CLOSERS)),
            template=str(rng.choice(grammar.TEMPLATES)) if rng.random() < 0.3 else None,
        )
        for agent_id in codes("A", count, rng, digits=4)
    ]


def _office_hours(days_ago: float, rng: np.random.Generator) -> datetime:
    day = END - timedelta(days=int(days_ago) + 1)
    return day + timedelta(seconds=int(rng.uniform(8, 20) * 3600))


def _note(voices: Traits, owner: int, agent: _Agent, rng: np.random.Generator) -> str:
    """Write one note."""
    choice = np.where(rng.random(voices.choice.shape[1]) < KEEP, voices.choice[owner], _stray(voices, rng))
    length, care = voices.real[owner]
    intent = grammar.INTENTS[rng.choice(choice[INTENTS], p=[0.5, 0.3, 0.2])]
    sentences = [_capital(intent[choice[WORDING]]) + "."]
    if rng.random() < 1 / (1 + np.exp(-0.5 - length)):
        pretext = grammar.PRETEXTS[rng.choice(choice[PRETEXTS], p=[0.7, 0.3])]
        sentences.append(f"{_capital(grammar.SAYS[choice[SAYS]])} {pretext}.")
    if rng.random() < 1 / (1 + np.exp(1 - length)):
        second = grammar.INTENTS[rng.choice(choice[INTENTS])]
        sentences.append(f"Also {second[choice[WORDING]]}.")
    if choice[STYLE] == 1:
        sentences.reverse()
    sentences.append(grammar.MOODS[choice[MOOD]])
    body = " ".join(sentence for sentence in sentences if sentence)
    text = agent.template.replace("{body}", body) if agent.template else f"{agent.opener} {body} {agent.closer}"
    text = text.format(
        amount=_amount(int(choice[AMOUNT])),
        city=grammar.CITIES[choice[CITY]],
        month=grammar.MONTHS[choice[MONTH]],
        shop=grammar.SHOPS[choice[SHOP]],
        days=rng.integers(2, 15),
    )
    return _careless(_abbreviated(text) if choice[STYLE] == 2 else text, 0.006 * float(np.exp(0.6 * care)), rng)


def _stray(voices: Traits, rng: np.random.Generator) -> NDArray[np.int64]:
    """Choices of this moment: those of a random caller, column by column."""
    columns = np.arange(voices.choice.shape[1])
    stray: NDArray[np.int64] = voices.choice[rng.integers(0, len(voices.choice), len(columns)), columns]
    return stray


def _amount(number: int) -> str:
    return f"{50 * (1 + number % 8) * 10 ** (number // 16)}{(' EUR', ' euros', '')[number % 3]}"


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def _abbreviated(text: str) -> str:
    return " ".join(grammar.SHORTHAND.get(word.lower(), word) for word in text.split())


def _careless(text: str, rate: float, rng: np.random.Generator) -> str:
    """Leave out, double or swap letters; `rate` is the chance for each letter."""
    letters = list(text)
    for place in np.flatnonzero(rng.random(len(letters) - 1) < rate):
        if letters[place].isalpha() and letters[place + 1].isalpha():
            match rng.integers(3):
                case 0:
                    letters[place] = ""
                case 1:
                    letters[place] *= 2
                case _:
                    letters[place], letters[place + 1] = letters[place + 1], letters[place]
    return "".join(letters)
