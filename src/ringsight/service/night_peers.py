"""The recommenders of the last night, fitted when they are first asked for."""

import threading

from ringsight.peers.peer_model import PeerModel, fit_peers
from ringsight.records.bank import Bank
from ringsight.service.problems import AbsentError


class NightPeers:
    """What the last night's customers bought; who came since has no purchases here, and is not known."""

    def __init__(self, bank: Bank | None) -> None:
        """Of the bank that the night searched, None where its records are not at hand."""
        self._bank = bank
        self._fitting = threading.Lock()
        self._fitted: PeerModel | None = None

    def __call__(self) -> PeerModel:
        """The recommenders.

        Raises:
            AbsentError: if the night's transactions are not at hand.
            DataError: if they tell of no purchases.
        """
        with self._fitting:
            if self._fitted is None:
                if self._bank is None or not len(self._bank.transactions):
                    raise AbsentError(
                        "no purchases are known: the last night has no transactions, or its bank is not at hand",
                        remedy="put the bank's folder where the run searched it, and start the service again",
                    )
                self._fitted = fit_peers(self._bank)
            return self._fitted
