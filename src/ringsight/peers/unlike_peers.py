"""What a customer does that hardly any of their peers does, and how little that may mean."""

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from ringsight.peers.histories import PurchaseHistories
from ringsight.peers.peer_items import UnlikeItem, UnlikeItems, chance_of_so_few, most_share


def unlike(
    histories: PurchaseHistories, bought: csr_array, own: int, peers: NDArray[np.int64], k: int, share: float
) -> UnlikeItems:
    """What a customer does that at most a share of some peers does, the least to be expected first.

    Args:
        histories: of all.
        bought: their counts; shape (customers, items).
        own: row of the customer.
        peers: rows of the peers.
        k: how many items, at most.
        share: of the peers who may have done it, too.
    """
    ids, of = histories.customer_ids, len(peers)
    mine = bought[[own]]
    items, times = mine.indices[np.argsort(mine.indices)], mine.data[np.argsort(mine.indices)]
    having = np.bincount(bought[peers].indices, minlength=bought.shape[1])[items]
    others = np.bincount(bought.indices, minlength=bought.shape[1])[items] - 1
    base = others / max(len(ids) - 1, 1)
    most, chance = most_share(having, of), chance_of_so_few(having, of, base)
    unusual = np.flatnonzero((having <= share * of) & (of > 0))
    order = unusual[np.lexsort((unusual, -times[unusual], chance[unusual]))][:k]
    found = tuple(
        UnlikeItem(
            item=str(histories.items[items[at]]),
            bought=int(times[at]),
            peers_with=int(having[at]),
            peers=of,
            peers_most=float(most[at]),
            others_with=int(others[at]),
            base_rate=float(base[at]),
            chance=float(chance[at]),
        )
        for at in order
    )
    return UnlikeItems(str(ids[own]), found, tuple(ids[peers].tolist()), "purchases" if of else "popularity")
