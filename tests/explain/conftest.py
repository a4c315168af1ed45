"""One small bank with four rings, for all tests of ledgers."""

import pytest
from four_rings import bank_of_twenty, results_of_four_rings

from ringsight.detection.results import Results
from ringsight.explain.ledger import Ledger, ledger
from ringsight.records.bank import Bank


@pytest.fixture(scope="session")
def bank() -> Bank:
    return bank_of_twenty()


@pytest.fixture(scope="session")
def results() -> Results:
    return results_of_four_rings()


@pytest.fixture(scope="session")
def flagged(results: Results, bank: Bank) -> Ledger:
    return ledger("Rflag", results, bank)
