"""The synthetic bank: what is written, and that members of a ring are alike where, and only where, a hand ties them."""

import json
from itertools import combinations
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from likeness_of_traces import devices_of, likeness, payees_of, thumbnails_of, words_of

from ringsight.errors import DataError, SettingsError
from ringsight.records.bank import Bank, BankConfig, ColumnRole
from ringsight.records.reading import read_bank
from ringsight.records.synthetic import Strength, SyntheticBankConfig, generate_bank
from ringsight.records.synthetic.traits import Traits

pytestmark = pytest.mark.slow

TINY = {"days": 10, "transactions_per_customer": 5.0}


def write_bank(folder: Path, seed: int = 0, **settings: object) -> Path:
    generate_bank(SyntheticBankConfig(**{**TINY, **settings}), seed=seed, into=folder)  # type: ignore[arg-type]
    return folder


def content(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.fixture(scope="module", params=[0.0, 0.3], ids=["independent", "latent"])
def blatant(tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> Path:
    """A bank of 160 customers with 12 blatant rings, two of each typology; without latent segments, and with them."""
    folder = tmp_path_factory.mktemp("blatant") / "bank"
    hidden = {"rings": 12, "strength": Strength.blatant, "latent": request.param}
    return write_bank(folder, customers=160, days=60, transactions_per_customer=40.0, **hidden)


@pytest.fixture(scope="module")
def bank(blatant: Path) -> Bank:
    return read_bank(BankConfig(path=blatant, max_bad_rows=0))


def test_everything_can_be_read(bank: Bank, blatant: Path):
    assert bank.quarantine.is_empty()
    assert bank.customers.height == 160
    assert {"device_id", "phone", "email"} == set(bank.columns_with(ColumnRole.evidence))
    assert {"address", "branch", "employer", "onboarding"} == set(bank.columns_with(ColumnRole.innocent))
    assert {"birth_year", "language", "name", "sex"} == set(bank.columns_with(ColumnRole.protected))
    assert {"currency", "channel", "category", "counterparty_id"} <= set(bank.transactions.columns)
    assert "agent_id" in bank.notes.columns
    assert "captured_at" in bank.id_images.columns
    assert len(list((blatant / "id_images").iterdir())) == bank.id_images.height


def test_truth_agrees_with_itself(blatant: Path):
    labels = pl.read_csv(blatant / "truth" / "labels.csv")
    rings = json.loads((blatant / "truth" / "rings.json").read_text())
    benign = pl.read_csv(blatant / "truth" / "benign.csv")
    customers = pl.read_csv(blatant / "customers.csv")
    assert set(labels["customer_id"]) == set(customers["customer_id"])
    assert labels["is_fraud"].equals(labels["ring_id"].is_not_null())
    assert labels["labelled_at"].is_not_null().equals(labels["is_fraud"])
    sizes = dict(labels.drop_nulls("ring_id").group_by("ring_id").len().iter_rows())
    assert sizes == {ring: traits["size"] for ring, traits in rings.items()}
    assert all(4 <= size <= 10 for size in sizes.values())
    assert len({traits["typology"] for traits in rings.values()}) == 6
    assert not set(benign["customer_id"]) & set(labels.filter("is_fraud")["customer_id"])
    assert benign.group_by("group_id").len()["len"].min() >= 2  # type: ignore[operator]
    assert {"household", "employer", "photo_booth", "agent_template"} <= set(benign["kind"])


def test_same_seed_same_bytes(tmp_path: Path):
    first, second = (
        write_bank(tmp_path / "one", customers=24, rings=2),
        write_bank(tmp_path / "two", customers=24, rings=2),
    )
    other = write_bank(tmp_path / "three", seed=1, customers=24, rings=2)
    assert content(first) == content(second)
    assert (first / "customers.csv").read_bytes() != (other / "customers.csv").read_bytes()
    assert len({path.stat().st_mtime for path in [first, *first.rglob("*")]}) == 1


@pytest.mark.parametrize("customers", [2, 40])
def test_a_bank_without_rings(tmp_path: Path, customers: int):
    folder = write_bank(tmp_path / "bank", customers=customers, rings=0)
    labels = pl.read_csv(folder / "truth" / "labels.csv")
    assert labels.height == customers
    assert not labels["is_fraud"].any()
    assert json.loads((folder / "truth" / "rings.json").read_text()) == {}
    read_bank(BankConfig(path=folder, max_bad_rows=0))


def test_foreign_folders_are_left_alone(tmp_path: Path):
    (tmp_path / "thesis").mkdir()
    (tmp_path / "thesis" / "chapter.txt").write_text("precious")
    with pytest.raises(DataError, match="not a synthetic bank"):
        write_bank(tmp_path / "thesis", customers=5, rings=0)
    assert (tmp_path / "thesis" / "chapter.txt").read_text() == "precious"


def test_an_earlier_bank_and_an_empty_folder_are_replaced(tmp_path: Path):
    (tmp_path / "bank").mkdir()
    for customers in (6, 4):
        write_bank(tmp_path / "bank", customers=customers, rings=0)
        assert pl.read_csv(tmp_path / "bank" / "customers.csv").height == customers


@pytest.mark.parametrize(
    ("settings", "named"),
    [
        ({"customers": 1}, "customers"),
        ({"days": 1}, "days"),
        ({"transactions_per_customer": float("nan")}, "transactions_per_customer"),
        ({"rings": -1}, "rings"),
        ({"ring_size_min": 2}, "ring_size_min"),
        ({"ring_size_max": 3}, "ring_size_max"),
        ({"customers": 19, "rings": 2}, "do not fit"),
        ({"latent": -0.1}, "latent"),
        ({"latent": 1.1}, "latent"),
        ({"latent": float("nan")}, "latent"),
    ],
)
def test_senseless_settings_are_refused(settings: dict[str, float], named: str):
    with pytest.raises(SettingsError, match=named):
        SyntheticBankConfig(**settings)  # type: ignore[arg-type]


def test_one_ring_for_sixty_customers_by_default():
    assert SyntheticBankConfig(customers=600).ring_count == 10
    assert SyntheticBankConfig(customers=59).ring_count == 0


@pytest.mark.parametrize("share", [0.0, 0.4, 1.0])
def test_tied_traits_agree_by_their_share_and_keep_their_distribution(share: float):
    rng = np.random.default_rng(0)
    pairs, alternatives = 4000, 10

    def drawn(n: int) -> Traits:
        return Traits(real=rng.standard_normal((n, 1)), choice=rng.integers(0, alternatives, (n, 1)))

    traits = drawn(2 * pairs)
    for pair in range(pairs):
        traits.tie(np.array([2 * pair, 2 * pair + 1]), drawn(1), share, rng)
    left, right = traits.real[::2, 0], traits.real[1::2, 0]
    assert np.corrcoef(left, right)[0, 1] == pytest.approx(share, abs=0.05)
    assert traits.real.std() == pytest.approx(1, abs=0.03)
    agreeing = np.mean(traits.choice[::2] == traits.choice[1::2])
    assert agreeing == pytest.approx(share + (1 - share) / alternatives, abs=0.03)
    assert np.bincount(traits.choice[:, 0], minlength=alternatives) / (2 * pairs) == pytest.approx(0.1, abs=0.015)


def test_tying_nobody_changes_nothing():
    traits = Traits(real=np.ones((2, 1)), choice=np.ones((2, 1), dtype=np.int64))
    hand = Traits(real=np.zeros((1, 1)), choice=np.zeros((1, 1), dtype=np.int64))
    traits.tie(np.array([], dtype=np.int64), hand, 1.0, np.random.default_rng(0))
    assert traits.real.all()
    assert traits.choice.all()


@pytest.mark.parametrize(
    ("trace", "traces_of"),
    [("transactions", payees_of), ("notes", words_of), ("id_images", thumbnails_of), ("entities", devices_of)],
)
def test_members_are_alike_in_what_is_tied_and_in_nothing_else(bank: Bank, blatant: Path, trace: str, traces_of):  # noqa: ANN001
    values = traces_of(bank)
    labels = pl.read_csv(blatant / "truth" / "labels.csv")
    rings = json.loads((blatant / "truth" / "rings.json").read_text())
    tied: list[float] = []
    untied: list[float] = []
    for (ring,), members in labels.drop_nulls("ring_id").sort("ring_id").group_by("ring_id", maintain_order=True):
        present = [one for one in sorted(members["customer_id"]) if one in values]
        pairs = [likeness(values[one], values[other]) for one, other in combinations(present, 2)]
        (tied if trace in rings[ring]["tied"] else untied).extend(pairs)
    honest = [one for one in labels.filter(~pl.col("is_fraud"))["customer_id"] if one in values]
    strangers = [likeness(values[one], values[other]) for one, other in combinations(sorted(honest), 2)]
    usual, gap = np.mean(strangers), np.mean(tied) - np.mean(strangers)
    assert gap > 0.5 * np.std(strangers)
    assert abs(np.mean(untied) - usual) < 0.35 * gap
