"""The figures by which a challenger is held against the champion: what each model brings near that belongs together."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import combinations
from pathlib import Path
from tempfile import TemporaryDirectory

import networkx as nx
import numpy as np
import polars as pl
from numpy.typing import NDArray

from ringsight.errors import SettingsError
from ringsight.evaluation.nearness import found_near
from ringsight.evaluation.paired import PairedGain, paired_gain
from ringsight.evaluation.truth import read_truth
from ringsight.fusion.settings import ModelConfig
from ringsight.pipeline.continuing import decisions_of
from ringsight.pipeline.score import database_at, last_published
from ringsight.progress import say, stage
from ringsight.records.bank import Bank, BankConfig
from ringsight.records.decisions import DECISIONS, DIFFERENT, SAME_HAND, read_decisions
from ringsight.records.embeddings import Embeddings
from ringsight.records.reading import read_bank
from ringsight.records.synthetic import SyntheticBankConfig, generate_bank

EARLIER, LATER = "earlier ", "later "
"""What the id of a customer begins with, in one part of the records and in the other."""
Pair = tuple[str, str]


@dataclass(kw_only=True, slots=True)
class ChallengeConfig(ModelConfig):
    """What a challenge can be told; the model's settings are the challenger's."""

    nights: Path = Path("out/nights")
    """Folder of the nights."""
    model: str = ""
    """Name of the challenger, a folder in `models` inside `nights`; by default the date, in UTC. Parts that it lacks
    are trained, on records of the earlier time alone."""
    later: float = 0.25
    """Share of the records, the last ones, that the challenger does not see, and is asked about."""
    margin: float = 0.02
    """Most that a challenger may lose in a figure, from 0 to 1, and still be no worse."""
    confidence: float = 0.95
    """Of the intervals."""
    power: float = 0.8
    """With which a gain shall be found."""
    decisions: Path | None = None
    """Decided pairs to ask about; by default those of the case book of all nights."""
    database: str = ""
    """Of that case book, if it is not `cases.db` inside `nights`."""
    synthetic: SyntheticBankConfig = field(default_factory=lambda: SyntheticBankConfig(customers=300, rings=24))
    """The bank whose rings both models are asked about."""
    by_rule: bool = True
    """Whether a challenger that the rule says is better is promoted at once."""
    seed: int = 0
    """Of training, and of the synthetic bank."""

    def __post_init__(self) -> None:
        """Refuse shares that are none.

        Raises:
            SettingsError: naming the setting.
        """
        for name in ("later", "margin", "confidence", "power"):
            if not 0 < getattr(self, name) < 1:
                raise SettingsError(f"{name} must lie between 0 and 1 (got {getattr(self, name)})")


def gains_of(
    whole: Bank, parts: tuple[Bank, Bank], models: tuple[Path, Path], config: ChallengeConfig
) -> tuple[PairedGain, ...]:
    """All figures, of those that have units."""
    asked = {}
    with stage("later", "asking both models of the time held out"):
        own, spaces = _own_records(parts, models)
        asked["later records"] = _by_unit([[pair] for pair in own], spaces, nearest=1)
    with stage("rings", "asking both models of synthetic rings"):
        asked["synthetic rings"] = _by_unit(*_rings(models, config))
    with stage("decisions", "asking both models of decided pairs"):
        groups, apart = _decided(config)
        if groups:
            spaces = tuple(_embedded(whole, model) for model in models)
            asked["decided pairs"] = _by_unit(groups, spaces, apart)
        else:
            say("  nothing was decided that the challenger was not taught")
    return tuple(
        paired_gain(
            figure,
            *units,
            margin=config.margin,
            confidence=config.confidence,
            power=config.power,
            figures=len(asked),
        )
        for figure, units in asked.items()
    )


def _by_unit(
    units: Sequence[Sequence[Pair]],
    spaces: Sequence[Mapping[str, Embeddings]],
    apart: frozenset[Pair] = frozenset(),
    nearest: int = 5,
) -> tuple[NDArray[np.float64], ...]:
    """For each model the share of each unit's pairs that are near, or are not and shall be apart; shape (units,)."""
    pairs = [pair for unit in units for pair in unit]
    unit = np.repeat(np.arange(len(units)), [len(each) for each in units])
    shall_be_apart = np.array([pair in apart for pair in pairs], dtype=np.bool_)
    figures = []
    for of_model in spaces:
        near = found_near(of_model, pairs, nearest)
        right = np.where(shall_be_apart, 1 - near, near)
        figures.append(np.bincount(unit, right, len(units)) / np.bincount(unit, minlength=len(units)))
    return tuple(figures)


def _own_records(
    parts: tuple[Bank, Bank], models: tuple[Path, Path]
) -> tuple[list[Pair], tuple[dict[str, Embeddings], ...]]:
    """Each customer's two parts as two customers, as each model embeds them; pairs of those whom both models know."""
    spaces = []
    for model in models:
        before, after = (_embedded(part, model) for part in parts)
        spaces.append({name: _side_by_side(before[name], after[name]) for name in before.keys() & after.keys()})
    known = [set().union(*(each.customer_ids.tolist() for each in of_model.values())) for of_model in spaces]
    both = known[0] & known[1]
    own = sorted(customer.removeprefix(EARLIER) for customer in both if customer.startswith(EARLIER))
    return [(EARLIER + each, LATER + each) for each in own if LATER + each in both], tuple(spaces)


def _side_by_side(before: Embeddings, after: Embeddings) -> Embeddings:
    """Two parts of the same customers in one space, each under a name of its own."""
    first, second = (
        replace(part, customer_ids=np.char.add(name, part.customer_ids))
        for name, part in ((EARLIER, before), (LATER, after))
    )
    return first.beside(second)


def _rings(
    models: tuple[Path, Path], config: ChallengeConfig
) -> tuple[list[list[Pair]], tuple[dict[str, Embeddings], ...]]:
    """Pairs of mates of each ring of a synthetic bank, and the bank as each model embeds it."""
    with TemporaryDirectory() as folder:
        generate_bank(config.synthetic, config.seed, Path(folder) / "bank")
        bank = read_bank(BankConfig(path=Path(folder) / "bank"))
        rings = read_truth(Path(folder) / "bank" / "truth").rings
        spaces = tuple(_embedded(bank, model) for model in models)
    return [list(combinations(sorted(members), 2)) for _, members in sorted(rings.items())], spaces


def _decided(config: ChallengeConfig) -> tuple[list[list[Pair]], frozenset[Pair]]:
    """Decided pairs, those that share customers together, without any whom the challenger was taught; whom to part."""
    last = last_published(config.nights)
    decided = pl.DataFrame(schema=DECISIONS)
    if config.decisions is not None:
        decided = read_decisions(config.decisions)
    elif last is not None:
        decided = decisions_of(last, config.database or database_at(config.nights))
    told = [
        (a, b, decision)
        for a, b, decision in decided.select(list(DECISIONS)).iter_rows()
        if decision in (SAME_HAND, DIFFERENT)
    ]
    graph: nx.Graph[str] = nx.Graph((a, b) for a, b, _ in told)
    taught = set[str]()
    if config.fusion.pairs is not None:
        taught = set(read_decisions(config.fusion.pairs).select("customer_a", "customer_b").unpivot()["value"])
    groups = [
        [(a, b) for a, b, _ in told if a in members]
        for members in map(set, nx.connected_components(graph))
        if not members & taught
    ]
    return sorted(groups), frozenset((a, b) for a, b, decision in told if decision == DIFFERENT)


def _embedded(bank: Bank, model: Path) -> dict[str, Embeddings]:
    from ringsight.fusion.embed import embed_modalities  # torch takes seconds to import

    return embed_modalities(bank, model)
