"""Champion and challenger: promoted by the rule or by a person, one step back, and the next night searches with it."""

import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from ringsight.errors import ModelError, SettingsError
from ringsight.evaluation.paired import PairedGain
from ringsight.pipeline import challenge as challenging
from ringsight.pipeline import model_figures
from ringsight.pipeline import score as nightly
from ringsight.pipeline.challenge import Verdict, challenge, promote_challenger, roll_back_champion, the_rule
from ringsight.pipeline.model_figures import ChallengeConfig
from ringsight.pipeline.score import ScoreConfig
from ringsight.process_lock import ProcessLock
from ringsight.records.bank import Bank
from ringsight.records.embeddings import Embeddings
from ringsight.records.synthetic import SyntheticBankConfig
from ringsight.records.views import split_in_time
from ringsight.runs.champions import champion_of

pytestmark = pytest.mark.slow

CUSTOMERS = [f"c{number:03d}" for number in range(40)]
DAYS = [datetime(2026, 1, 1) + timedelta(days=day) for day in range(0, 100, 10)]
SMALL = SyntheticBankConfig(customers=20, rings=4, ring_size_max=4, days=10, transactions_per_customer=3)


def bank() -> Bank:
    rows = {
        "transaction_id": [f"{customer}-{day}" for customer in CUSTOMERS for day in range(len(DAYS))],
        "customer_id": [customer for customer in CUSTOMERS for _ in DAYS],
        "timestamp": DAYS * len(CUSTOMERS),
    }
    nothing = pl.DataFrame({"customer_id": pl.Series([], dtype=pl.String)})
    records = {"transactions": pl.DataFrame(rows), "notes": nothing, "id_images": nothing}
    people = pl.DataFrame({"customer_id": CUSTOMERS, "stratum": ["all"] * len(CUSTOMERS)})
    return Bank(Path("/nowhere"), people, records, {}, nothing, "data")


def embedded(noise: Mapping[str, float]) -> object:
    """An embedding by model: every customer has a place, and each part of the records is as near it as the model is."""

    def of(some: Bank, model: Path) -> dict[str, Embeddings]:
        ids = np.unique(some.transactions["customer_id"].to_numpy().astype(np.str_))
        place = np.random.default_rng(0).normal(size=(1000, 24))[
            [int("".join(filter(str.isdigit, each))) % 1000 for each in ids]
        ]
        seen = np.random.default_rng(len(some.transactions)).normal(size=place.shape)
        vectors = place + noise[model.name] * seen
        unit = (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)
        return {"transactions": Embeddings("transactions", ids, unit, model.name, "data")}

    return of


@pytest.fixture
def nights(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Nights with a first model, and challengers trained at once: `sharp`, `blunt`, and one like the champion."""

    def train(_: Bank, model: Path, *__: object, **___: object) -> None:
        model.mkdir(parents=True, exist_ok=True)

    of = embedded({"model": 1.2, "sharp": 0.3, "blunt": 6.0, "same": 1.2})
    monkeypatch.setattr(challenging, "train", train)
    monkeypatch.setattr(challenging, "_hash", lambda model: f"hash of {sorted(each.name for each in model.iterdir())}")
    monkeypatch.setattr(model_figures, "_embedded", of)
    (tmp_path / "model").mkdir()
    return tmp_path


def asked(name: str, *, by_rule: bool = True, decisions: Path | None = None) -> ChallengeConfig:
    return ChallengeConfig(model=name, synthetic=SMALL, by_rule=by_rule, decisions=decisions)


def gain(low: float, high: float, above: float, units: int = 20) -> PairedGain:
    return PairedGain("f", units, 0.5, 0.5, (low + high) / 2, low, high, above, 0.1, 0.5)


@pytest.mark.parametrize(
    ("gains", "verdict"),
    [
        ([gain(0.02, 0.1, 0.01), gain(-0.01, 0.03, -0.02)], Verdict.better),
        ([gain(-0.01, 0.03, -0.02)], Verdict.as_good),
        ([gain(0.02, 0.1, 0.01), gain(-0.05, 0.03, -0.06)], Verdict.unsure),
        ([gain(0.02, 0.1, 0.01), gain(-0.05, -0.01, -0.06)], Verdict.worse),
        ([gain(0.02, 0.1, 0.01, units=3)], Verdict.unsure),
        ([], Verdict.unsure),
    ],
)
def test_the_rule(gains: list[PairedGain], verdict: Verdict):
    assert the_rule(gains, 0.02) is verdict


def test_the_challenger_is_asked_of_a_time_that_it_has_not_seen():
    earlier, later, moment = split_in_time(bank(), 0.25)
    assert earlier.transactions["timestamp"].max() < moment <= later.transactions["timestamp"].min()  # type: ignore[operator]
    assert len(earlier.transactions) + len(later.transactions) == len(bank().transactions)


def test_a_better_challenger_is_promoted_and_the_next_night_searches_with_it(nights: Path):
    told = challenge(bank(), nights, asked("sharp"))
    assert (told.verdict, told.promoted) == (Verdict.better, True)
    assert champion_of(nights) == nights / "models" / "sharp"
    assert nightly._of_run(ScoreConfig(nights=nights), None).model == nights / "models" / "sharp"
    roll_back_champion(nights, "ana", "fewer confirmed cases")
    assert nightly._of_run(ScoreConfig(nights=nights), None).model == nights / "model"
    kept = json.loads((nights / "challenges" / "sharp.json").read_text())
    assert kept["verdict"] == "better"
    assert {each["figure"] for each in kept["gains"]} == {"later records", "synthetic rings"}
    assert kept["gains"][1]["power"] is None  # four rings say nothing


def test_the_rule_does_not_promote_where_it_is_told_not_to_and_a_person_can(nights: Path):
    told = challenge(bank(), nights, asked("sharp", by_rule=False))
    assert (told.verdict, told.promoted, champion_of(nights)) == (Verdict.better, False, nights / "model")
    with pytest.raises(SettingsError, match="must be named"):
        promote_challenger(nights, "sharp", "", "")
    promote_challenger(nights, "sharp", "ana", "looked at it")
    assert champion_of(nights).name == "sharp"


@pytest.mark.parametrize(("name", "verdict"), [("blunt", Verdict.worse), ("same", Verdict.as_good)])
def test_the_champion_stays_where_the_challenger_is_not_better(nights: Path, name: str, verdict: Verdict):
    told = challenge(bank(), nights, asked(name))
    assert (told.verdict, told.promoted) == (verdict, False)
    assert champion_of(nights) == nights / "model"


def test_what_the_challenger_was_taught_is_not_asked(nights: Path, tmp_path: Path):
    pairs = [(CUSTOMERS[at], CUSTOMERS[at + 1], "same_hand") for at in range(0, 40, 2)]
    frame = pl.DataFrame(pairs, schema=["customer_a", "customer_b", "decision"], orient="row")
    frame.write_csv(tmp_path / "decided.csv")
    frame.head(8).write_csv(tmp_path / "taught.csv")
    told = asked("sharp", decisions=tmp_path / "decided.csv")
    told = replace(told, fusion=replace(told.fusion, pairs=tmp_path / "taught.csv"))
    gains = {each.figure: each for each in challenge(bank(), nights, told).gains}
    assert gains["decided pairs"].units == 12


def test_pairs_that_were_refuted_shall_be_apart(nights: Path, tmp_path: Path):
    pairs = [(CUSTOMERS[at], CUSTOMERS[at + 1], "different") for at in range(0, 40, 2)]
    pl.DataFrame(pairs, schema=["customer_a", "customer_b", "decision"], orient="row").write_csv(tmp_path / "d.csv")
    gains = {
        each.figure: each for each in challenge(bank(), nights, asked("sharp", decisions=tmp_path / "d.csv")).gains
    }
    assert gains["decided pairs"].challenger > 0.7


def test_a_model_that_changed_since_it_was_compared_is_not_promoted(nights: Path):
    challenge(bank(), nights, asked("same"))
    (nights / "models" / "same" / "more").touch()
    with pytest.raises(ModelError, match="not the model that was compared"):
        promote_challenger(nights, "same", "ana", "")
    with pytest.raises(SettingsError, match="never compared"):
        promote_challenger(nights, "other", "ana", "")


def test_nothing_is_promoted_while_a_night_is_scored(nights: Path):
    challenge(bank(), nights, asked("same"))
    with ProcessLock(nights / ".score.lock"), pytest.raises(SettingsError, match="a night is being scored"):
        promote_challenger(nights, "same", "ana", "")


def test_without_a_champion_there_is_no_challenge(tmp_path: Path):
    with pytest.raises(ModelError, match="no champion yet"):
        challenge(bank(), tmp_path, asked("sharp"))


@pytest.mark.parametrize("wrong", [{"later": 0.0}, {"margin": 1.0}, {"confidence": 1.5}, {"power": 0.0}])
def test_shares_that_are_none_are_refused(wrong: dict[str, float]):
    with pytest.raises(SettingsError, match="between 0 and 1"):
        ChallengeConfig(**wrong)  # type: ignore[arg-type]
