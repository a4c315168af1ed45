"""What the wording sees: turns of phrase and spelling of the customer, not of the agent."""

import numpy as np
import polars as pl
import pytest
from test_notes import OPENING, SAID

from ringsight.encoders.facets import unit_or_zero
from ringsight.encoders.wording import fit_wording


def notes(texts: list[str], agents: list[str] | None = None) -> pl.DataFrame:
    table = pl.DataFrame({"customer_id": [f"c{number:02}" for number in range(len(texts))], "text": texts})
    return table if agents is None else table.with_columns(agent_id=pl.Series(agents))


def similarities(table: pl.DataFrame, fitted_on: pl.DataFrame | None = None) -> np.ndarray:
    wording = fit_wording(table if fitted_on is None else fitted_on, dim=32)
    vectors = unit_or_zero(wording.apply(table))
    return vectors @ vectors.T


def apart(alike: np.ndarray) -> float:
    return float(alike[~np.eye(len(alike), dtype=bool)].mean())


def test_a_turn_of_phrase_ties_whatever_is_said_with_it() -> None:
    texts = [text + " pleese be so kynd" if number in (0, 5) else text for number, text in enumerate(SAID)]
    before, after = similarities(notes(SAID)), similarities(notes(texts))
    assert after[0, 5] > before[0, 5] + 0.2
    assert after[0, 5] == max(after[0, 1:])


def test_an_agents_opening_is_not_the_customers() -> None:
    texts = [(OPENING if number < 12 else "") + SAID[number % 12] for number in range(60)]
    agents = ["warm" if number < 12 else f"agent-{number % 3}" for number in range(60)]
    aware, unaware = similarities(notes(texts, agents)), similarities(notes(texts))
    assert apart(aware[:12, :12]) < 0.15
    assert apart(unaware[:12, :12]) > apart(aware[:12, :12]) + 0.2
    assert float(np.diag(aware[:12, 12:24]).mean()) > 0.5  # who says the same to another agent


@pytest.mark.parametrize("agent", ["never met", None])
def test_agents_who_are_not_known_take_nothing_off(agent: str | None) -> None:
    texts = [SAID[number % 12] for number in range(24)]
    fitted_on = notes(texts, [f"agent-{number % 3}" for number in range(24)])
    plain = similarities(notes(texts), fitted_on)
    other = similarities(notes(texts).with_columns(agent_id=pl.lit(agent, pl.String)), fitted_on)
    np.testing.assert_array_equal(plain, other)


def test_a_single_agent_takes_nothing_off() -> None:
    texts = [SAID[number % 12] for number in range(24)]
    np.testing.assert_array_equal(similarities(notes(texts, ["only"] * 24)), similarities(notes(texts)))


def test_a_note_of_nothing_known_says_nothing() -> None:
    wording = fit_wording(notes(SAID), dim=32)
    assert not wording.apply(notes(["ξ", " ", "?"])).any()
    assert wording.apply(notes([]).cast({"text": pl.String})).shape == (0, 32)
