"""The synthetic bank gives no member of a ring away: nothing of one customer tells fraud from honesty.

Members of one ring are alike, so they are not independent witnesses: the areas under the curve are judged by how they
vary from ring to ring.
"""

import json
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from numpy.typing import NDArray
from PIL import Image
from scipy.stats import rankdata
from scipy.stats import t as student
from sklearn.ensemble import RandomForestClassifier
from sklearn.model_selection import StratifiedGroupKFold

from ringsight.records.synthetic import SyntheticBankConfig, cards, generate_bank, id_images

pytestmark = pytest.mark.slow

FAMILY = 0.01
"""Chance that an honest bank fails, over all features tried."""
KEY = "customer_id"


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A bank of 1,500 customers and 110 rings, large enough to betray a small leak; its photographs are blank."""
    folder = tmp_path_factory.mktemp("large") / "bank"
    config = SyntheticBankConfig(customers=1500, rings=110, ring_size_max=8, days=60, transactions_per_customer=20)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(id_images, "portrait", lambda *_: Image.new("RGB", (1, 1)))
        patch.setattr(id_images, "photograph", lambda *_: Image.new("RGB", (1, 1)))
        patch.setattr(cards, "card", lambda *_: None)
        generate_bank(config, seed=3, into=folder)
    return folder


@pytest.fixture(scope="module")
def photographed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A bank of 300 customers and 26 rings."""
    folder = tmp_path_factory.mktemp("photographed") / "bank"
    config = SyntheticBankConfig(customers=300, rings=26, ring_size_max=8, days=7, transactions_per_customer=1)
    generate_bank(config, seed=4, into=folder)
    return folder


def labels_of(folder: Path) -> pl.DataFrame:
    return pl.read_csv(folder / "truth" / "labels.csv").sort(KEY)


@pytest.fixture(scope="module")
def features(large: Path) -> pl.DataFrame:
    """One row for each customer, in the order of `labels_of`; a feature that a customer lacks is null."""
    tables = [customer_features(large), transaction_features(large), note_features(large), image_features(large)]
    joined = labels_of(large).select(KEY)
    for table in tables:
        joined = joined.join(table, on=KEY, how="left", maintain_order="left")
    counts = [name for name in joined.columns if name.endswith("_count")]
    joined = joined.with_columns(pl.col(counts).fill_null(0))
    return joined.with_columns((pl.col(counts) > 0).name.suffix("_present")).drop(KEY).cast(pl.Float64)


def digits(column: str) -> pl.Expr:
    return pl.col(column).str.extract_all(r"\d").list.join("").cast(pl.Float64)


def customer_features(folder: Path) -> pl.DataFrame:
    table = pl.read_csv(folder / "customers.csv", try_parse_dates=True).with_row_index("row")
    texts = [name for name in table.columns if table[name].dtype == pl.String and name != KEY]
    choices = table.select(KEY, "segment", "region", "branch", "onboarding", "sex", "language")
    return table.select(
        KEY,
        row=pl.col("row"),
        id_order=digits(KEY),
        phone_order=digits("phone"),
        device_order=digits("device_id"),
        opened=pl.col("opened_at").dt.epoch(),
        opened_hour=pl.col("opened_at").dt.hour(),
        birth_year=pl.col("birth_year"),
        **{f"{name}_known": pl.col(name).is_not_null() for name in texts},
        **{f"{name}_length": pl.col(name).str.len_chars() for name in texts},
        **{f"{name}_sharers": pl.len().over(name) * pl.when(pl.col(name).is_not_null()).then(1) for name in texts},
    ).join(choices.to_dummies(choices.columns[1:]), on=KEY)


def transaction_features(folder: Path) -> pl.DataFrame:
    table = pl.read_parquet(folder / "transactions.parquet").with_row_index("row")
    common = pl.len().over("counterparty_id").alias("common")
    return (
        table.with_columns(common, pl.col("timestamp").diff().dt.total_seconds().over(KEY).alias("gap"))
        .group_by(KEY)
        .agg(
            transaction_count=pl.len(),
            transaction_row=pl.col("row").mean(),
            transaction_order=digits("transaction_id").mean(),
            amount_mean=pl.col("amount").mean(),
            amount_median=pl.col("amount").median(),
            amount_spread=pl.col("amount").std(),
            income=pl.col("amount").filter(pl.col("amount") > 0).sum(),
            round_amounts=(pl.col("amount") % 5 == 0).mean(),
            hour=pl.col("timestamp").dt.hour().mean(),
            night=(pl.col("timestamp").dt.hour() < 6).mean(),
            weekend=(pl.col("timestamp").dt.weekday() > 5).mean(),
            first=pl.col("timestamp").min().dt.epoch(),
            middle=pl.col("timestamp").median().dt.epoch(),
            gap_median=pl.col("gap").median(),
            payees=pl.col("counterparty_id").n_unique(),
            payees_common=pl.col("common").median(),
            payees_rare=(pl.col("common") < 3).mean(),
            payee_order=digits("counterparty_id").mean(),
            dollars=(pl.col("currency") == "USD").mean(),
            **{name: (pl.col("channel") == name).mean() for name in ("atm", "card", "online", "transfer")},
            **{name: (pl.col("category") == name).mean() for name in ("travel", "electronics", "groceries")},
        )
    )


def note_features(folder: Path) -> pl.DataFrame:
    table = pl.read_csv(folder / "call_notes.csv", try_parse_dates=True).with_row_index("row")
    phrases = (
        "limit",
        "loan",
        "card",
        "app",
        "transfer",
        "Says",
        "Told",
        "EUR",
        "CALL SUMMARY",
        "cust ",
        "Calm",
        "Also",
    )
    return table.group_by(KEY).agg(
        note_count=pl.len(),
        note_row=pl.col("row").mean(),
        note_order=digits("note_id").mean(),
        note_length=pl.col("text").str.len_chars().mean(),
        note_hour=pl.col("timestamp").dt.hour().mean(),
        note_when=pl.col("timestamp").dt.epoch().mean(),
        agent_order=digits("agent_id").mean(),
        **{f"says_{phrase}": pl.col("text").str.contains(phrase, literal=True).mean() for phrase in phrases},
    )


def image_features(folder: Path) -> pl.DataFrame:
    table = pl.read_csv(folder / "id_images.csv", try_parse_dates=True).with_row_index("row")
    stats = []
    for path in table["path"]:
        with Image.open(folder / path) as image:
            colour = np.asarray(image, dtype=np.float64).mean((0, 1))
            stats.append((image.width, image.height, (folder / path).stat().st_size, *colour))
    names = ("width", "height", "file_size", "red", "green", "blue")
    measured = pl.DataFrame(stats, schema=list(names), orient="row")
    return (
        pl.concat([table, measured], how="horizontal")
        .group_by(KEY)
        .agg(
            pl.len().alias("image_count"),
            pl.col("row").mean().alias("image_row"),
            digits("image_id").mean().alias("image_order"),
            pl.col("path").str.len_chars().mean().alias("path_length"),
            pl.col("captured_at").dt.epoch().mean().alias("captured"),
            pl.col(names).mean(),
        )
    )


def area(values: NDArray[np.float64], rings: NDArray[np.str_]) -> tuple[float, float]:
    """Area under the curve of `values` for being in a ring, and the chance of one as far from 1/2.

    The areas' variance by DeLong, with members summed ring by ring (Obuchowski, Biometrics 1997).
    """
    known = ~np.isnan(values)
    values, rings = values[known], rings[known]
    guilty = rings != ""
    members, honest = values[guilty], values[~guilty]
    above = (rankdata(np.r_[members, honest])[: len(members)] - rankdata(members)) / len(honest)
    below = 1 - (rankdata(np.r_[honest, members])[: len(honest)] - rankdata(honest)) / len(members)
    found = float(above.mean())
    names, ring = np.unique(rings[guilty], return_inverse=True)
    by_ring = np.bincount(ring, above - found)
    variance = np.square(by_ring).sum() / len(members) ** 2 + below.var() / len(honest)
    if variance == 0:
        return found, 1.0 if found == 0.5 else 0.0
    return found, float(2 * student.sf(abs(found - 0.5) / np.sqrt(variance), len(names) - 1))


def ring_of(labels: pl.DataFrame) -> NDArray[np.str_]:
    return labels["ring_id"].fill_null("").to_numpy().astype(np.str_)


def leaks(features: pl.DataFrame, labels: pl.DataFrame) -> dict[str, tuple[float, float]]:
    rings = ring_of(labels)
    found = {name: area(features[name].fill_null(np.nan).to_numpy(), rings) for name in features.columns}
    return {name: result for name, result in found.items() if result[1] < FAMILY / len(found)}


def test_no_single_feature_tells_fraud(features: pl.DataFrame, large: Path):
    assert features.width > 100
    assert not leaks(features, labels_of(large))


def test_no_image_file_tells_fraud(photographed: Path):
    labels = labels_of(photographed)
    measured = labels.select(KEY).join(image_features(photographed), on=KEY, how="left", maintain_order="left")
    measured = measured.drop(KEY).cast(pl.Float64)
    assert measured["file_size"].n_unique() > 100
    assert measured["width"].n_unique() == measured["height"].n_unique() == 2  # all alike, and null
    assert not leaks(measured, labels)


@pytest.mark.parametrize("leak", [0.4, 1.0])
def test_a_leak_would_be_found(features: pl.DataFrame, large: Path, leak: float):
    """Four tenths of a standard deviation are enough, and in what is known of half of the customers too."""
    labels = labels_of(large)
    rng = np.random.default_rng(0)
    leaky = rng.standard_normal(labels.height) + leak * labels["is_fraud"].to_numpy()
    half = np.where(rng.random(labels.height) < 0.5, np.nan, leaky)
    found = leaks(features.with_columns(leaky=pl.Series(leaky), half=pl.Series(half)), labels)
    assert found.keys() == {"leaky", "half"}


def test_a_forest_learns_nothing_from_ids_files_and_absences(features: pl.DataFrame, large: Path):
    """Phones and devices that several honest customers share are left out: their folds would know them again."""
    marks = ("_order", "row", "_known", "_present", "_count", "_length", "_when", "captured", "opened_hour")
    names = [name for name in features.columns if name.endswith(marks) and name not in ("phone_order", "device_order")]
    chosen = features.select(names).fill_null(-1).to_numpy()
    rings = ring_of(labels_of(large))
    apart = np.where(rings == "", np.arange(len(rings)).astype(np.str_), rings)
    scores = np.zeros(len(rings))
    for train, test in StratifiedGroupKFold(5, shuffle=True, random_state=0).split(chosen, rings != "", apart):
        forest = RandomForestClassifier(60, min_samples_leaf=5, random_state=0).fit(chosen[train], rings[train] != "")
        scores[test] = rankdata(forest.predict_proba(chosen[test])[:, 1]) / len(test)
    found, chance = area(scores, rings)
    assert 0.45 < found < 0.55
    assert chance > 0.05


def test_rings_come_in_every_strength_and_typology(large: Path):
    rings = json.loads((large / "truth" / "rings.json").read_text()).values()
    assert len({(ring["typology"], ring["strength"]) for ring in rings}) == 24
