"""Who belongs to a ring: a test of every member, and of the outsiders who may belong too.

Swap-in test: a customer's records of the modalities that did not propose the ring are replaced by those of comparable
customers, drawn by the odds of the chance worlds. The share of such stand-ins who are tied as closely to the other
members is the customer's p-value across modalities. Inside the proposing modality the customer is held against the
nearest outsiders. Both are independent under the null, and combine by their product (Fisher 1932).

A ring that transfers hold may have nothing else to tell by: that a member shares no phone with the others is what
nearly every stand-in would show too. There the product is held against what stand-ins show of it, figure by figure, so
that a test that can tell nothing takes nothing from the one that can (discrete p-values: Lancaster 1949, Biometrika
36:370). The least p-value of such a test is one in as many as there are outsiders with transactions, and one.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ringsight.detection.candidates import Proposer
from ringsight.detection.corroboration import Measured
from ringsight.detection.evidence import Evidence
from ringsight.detection.rarity import fisher_bits, rarities
from ringsight.detection.settings import DetectConfig
from ringsight.detection.shared_directions import ConditionalShuffle
from ringsight.graph.relations import TransferSource
from ringsight.graph.sources import CHANCE_BITS, Rows

Floats = NDArray[np.float64]

STAND_INS = 2_000
"""Draws of stand-ins for each customer."""
FIRST_STAND_INS = 100
"""Draws by which those are told who are far from fitting,"""
FAR_FROM_FITTING = 2.0
"""with fewer bits than this."""
DONORS = 512
"""Comparable customers at most whose records stand in."""
NEAREST = 60
"""Outsiders, the nearest by what proposed the ring, against whom a customer is held inside the modality."""
EXPECTED_STRANGERS = 0.25
"""Strangers whom growth may add to a ring by chance."""


@dataclass(frozen=True, slots=True, eq=False)
class Fits:
    """How well customers fit a ring, in bits; NaN where they have nothing to tell by. Each of shape (customers,)."""

    across: Floats
    """By the other modalities and entity columns."""
    inside: Floats
    """By the other spaces of the proposing modality."""
    together: Floats | None = None
    """Both, where what one can show is coarse; None where their product serves."""

    @property
    def bits(self) -> Floats:
        """Minus log2 of the p-value, both together; 0 where nothing is known."""
        both = np.isfinite(self.across) & np.isfinite(self.inside)
        total = np.nan_to_num(self.across) + np.nan_to_num(self.inside)
        return np.where(both, fisher_bits(total) if self.together is None else self.together, total)

    @property
    def p_values(self) -> Floats:
        """Chance that a stranger fits as well."""
        p: Floats = 2.0**-self.bits
        return p


@dataclass(frozen=True, slots=True, eq=False)
class _Chance:
    """What stand-ins show. Customers for whom the same ones stand in share a row."""

    figures: Floats
    """Shape (rows, draws)."""
    row: NDArray[np.int64]
    """Of each customer; shape (customers,)."""

    def rarest(self, observed: Floats) -> Floats:
        """Bits of each customer's figure among those of its stand-ins; NaN where there is none."""
        told = np.isfinite(observed)
        bits = np.full(len(observed), np.nan)
        bits[told] = rarities(observed[told], self.figures, CHANCE_BITS, self.row[told])
        return bits


class Membership:
    """Tests who belongs to rings of one bank."""

    def __init__(
        self, evidence: Evidence, measured: Measured, shuffle: ConditionalShuffle, config: DetectConfig
    ) -> None:
        """Test by this evidence; `shuffle` knows the odds by which stand-ins are drawn."""
        self._evidence, self._measured, self._config = evidence, measured, config
        self._cells = {modality: evidence.cells_of(modality) for modality in evidence.modalities}
        self._comparable = {modality: _rows_by_code(cells) for modality, cells in self._cells.items()}
        self._odds = dict(zip(evidence.modalities, shuffle.odds, strict=True))

    def members(self, proposer: Proposer, members: Rows) -> Fits:
        """Test each member of a ring against the others."""
        return self._test(proposer, members, members)

    def outsiders(self, proposer: Proposer, members: Rows, tested: Rows) -> Fits:
        """Test customers outside a ring."""
        return self._test(proposer, members, tested)

    def grown(self, proposer: Proposer, members: Rows, largest: int) -> Rows:
        """A ring and every outsider who fits, one by one until nobody does, or it has more than `largest` members.

        Returns:
            The members and those added, sorted.
        """
        inside = members
        while len(inside) <= largest:
            near = self._plausible(proposer, inside, self.near(inside))
            if len(near) == 0:
                break
            bits = self.outsiders(proposer, inside, near).bits
            fitting = near[bits >= np.log2(self._evidence.customers / EXPECTED_STRANGERS)]
            if len(fitting) == 0:
                break
            inside = np.union1d(inside, fitting)
        return inside

    def near(self, members: Rows) -> Rows:
        """Outsiders who are a near neighbour of a member in some space, share an entity value, or a transfer."""
        found = [np.zeros(0, np.int64)]
        found += [space.near(members) for space in self._evidence.spaces]
        for entity in self._evidence.entities:
            codes = np.unique(entity.every_code[members])
            codes = codes[(codes >= 0) & (entity.bits[codes] > 0)]
            found.append(np.flatnonzero(np.isin(entity.every_code, codes).any(axis=1)))
        if self._evidence.transfers:
            found.append(self._evidence.transfers.partners(members))
        return np.setdiff1d(np.concatenate(found), members)

    def _plausible(self, proposer: Proposer, members: Rows, outsiders: Rows) -> Rows:
        """Outsiders without those whom few stand-ins show to be no nearer than strangers are."""
        across = self._across(proposer, members, outsiders, FIRST_STAND_INS)
        return outsiders[~(across < FAR_FROM_FITTING)]

    def _test(self, proposer: Proposer, members: Rows, tested: Rows) -> Fits:
        observed, chance = self._ties_across(proposer, members, tested, STAND_INS)
        across, inside = chance.rarest(observed), self._inside(proposer, members, tested)
        return Fits(across, inside, _together(across + inside, chance.figures[chance.row]) if proposer.shape else None)

    def _across(self, proposer: Proposer, members: Rows, tested: Rows, draws: int) -> Floats:
        """Bits of each customer's ties across modalities against those of so many stand-ins."""
        observed, chance = self._ties_across(proposer, members, tested, draws)
        return chance.rarest(observed)

    def _ties_across(self, proposer: Proposer, members: Rows, tested: Rows, draws: int) -> tuple[Floats, _Chance]:
        """Each customer's ties across modalities, NaN where nothing tells, and those of stand-ins."""
        rng = np.random.default_rng([self._evidence.seed, int(members[0]), len(members)])
        row = self._rows_of_chance(proposer, members, tested)
        observed = np.zeros(len(tested))
        chance = np.zeros((row.max(initial=-1) + 1, draws))
        told = np.zeros(len(tested), dtype=np.bool_)
        for modality in self._evidence.modalities:
            spaces = self._evidence.spaces_of(modality)
            if modality == proposer.modality:
                continue
            cells = self._cells[modality]
            for cell in np.unique(cells[tested]):
                here = np.flatnonzero(cells[tested] == cell)
                if not any(self._evidence.spaces[space].present[tested[here[0]]] for space in spaces):
                    continue
                donors = _drawn_outside(self._comparable[modality][cell], members, DONORS, rng)
                if len(donors) < 2:
                    continue
                observed[here] += self._ties(spaces, members, tested[here])
                chance[np.unique(row[here])] += self._stand_ins(modality, members, (tested[here], donors), draws, rng)
                told[here] = True
        for number, entity in enumerate(self._evidence.entities):
            if number == proposer.entity:
                continue
            observed += _shared_value(entity.every_code, entity.bits, members, tested)
            told |= entity.present[tested]
        transfers = self._evidence.transfers
        if transfers and proposer.modality != transfers.modality:
            observed += _sent(transfers, members, tested).max(axis=1, initial=0.0)
            told |= transfers.present[tested]
        return np.where(told, observed, np.nan), _Chance(chance, row)

    def _rows_of_chance(self, proposer: Proposer, members: Rows, tested: Rows) -> NDArray[np.int64]:
        """Which customers have stand-ins in common: outsiders of the same cells, where no odds tell them apart."""
        others = [modality for modality in self._evidence.modalities if modality != proposer.modality]
        if np.isin(tested, members).any() or any(self._odds[modality] is not None for modality in others):
            return np.arange(len(tested))
        cells = np.stack([np.zeros_like(tested), *(self._cells[modality][tested] for modality in others)], axis=1)
        row: NDArray[np.int64] = np.unique(cells, axis=0, return_inverse=True)[1].reshape(-1)
        return row

    def _stand_ins(
        self, modality: str, members: Rows, people: tuple[Rows, Rows], draws: int, rng: np.random.Generator
    ) -> Floats:
        """Ties of stand-ins for each customer, to the members other than that; shape (customers, draws).

        Where all stand-ins are as likely, the same ones serve every customer; of outsiders, one row stands for all.
        """
        tested, donors = people
        outside = not np.isin(tested, members).any()
        ties = np.zeros((1 if outside else len(tested), len(donors)))
        for number in self._evidence.spaces_of(modality):
            others = members[self._measured.ties[number].present[members]]
            bits = self._bits(number, donors, others)
            left, count = bits.sum(axis=1), np.array(len(others))
            if not outside:
                own = others == tested[:, None]
                left, count = left - own @ bits.T, count - own.sum(axis=1, keepdims=True)
            ties += left / np.maximum(count, 1)
        odds = self._odds[modality]
        if odds is None:
            return ties.take(rng.integers(len(donors), size=draws), axis=1)
        records, asked = odds
        drawn = _drawn(asked[tested] @ records[donors].T, draws, rng)
        every = np.broadcast_to(ties, (len(tested), len(donors)))
        stand_ins: Floats = np.take_along_axis(every, drawn, axis=1)
        return stand_ins

    def _ties(self, spaces: Sequence[int], members: Rows, customers: Rows) -> Floats:
        """Mean bits above chance of each customer's ties to members other than itself, over spaces summed."""
        total = np.zeros(len(customers))
        for number in spaces:
            present = self._measured.ties[number].present
            others = members[present[members]]
            count = present[customers] * len(others) - np.isin(customers, others)
            bits = self._bits(number, customers, others)
            total += bits.sum(axis=1) / np.maximum(count, 1)
        return total

    def _bits(self, space: int, customers: Rows, others: Rows) -> Floats:
        """Bits above chance between customers and others, 0 of nobody with itself or where absent: (customers, others).

        Args:
            space: number of the space.
            customers: present or not.
            others: all present.
        """
        ties = self._measured.ties[space]
        a, b = np.repeat(customers, len(others)), np.tile(others, len(customers))
        counted = (a != b) & ties.present[a]
        bits = np.zeros(len(a))
        bits[counted] = ties.pair_bits(a[counted], b[counted]) - CHANCE_BITS
        return bits.reshape(len(customers), len(others))

    def _inside(self, proposer: Proposer, members: Rows, tested: Rows) -> Floats:
        """Bits of each customer's ties in the modality's other spaces against those of the nearest outsiders.

        Where transfers proposed the ring, of its transfers with the members against those of all outsiders.
        """
        bits = np.full(len(tested), np.nan)
        if proposer.shape and self._evidence.transfers:
            return _paid(self._evidence.transfers, members, tested)
        if proposer.modality not in self._config.inside:
            return bits
        others = [space for space in self._evidence.spaces_of(proposer.modality) if space not in proposer.spaces]
        outsiders = self._near_in(proposer, members)
        told = np.any([self._evidence.spaces[space].present[tested] for space in others], axis=0) if others else None
        if told is None or len(outsiders) == 0:
            return bits
        by_proposer = self._ties(proposer.spaces, members, outsiders)
        nearest = outsiders[np.argsort(-by_proposer, kind="stable")[:NEAREST]]
        chance = self._ties(others, members, nearest)
        observed = self._ties(others, members, tested)
        as_close = (chance >= observed[:, None]).sum(axis=1) - np.isin(tested, nearest)
        bits[told] = -np.log2((1 + as_close[told]) / (1 + len(nearest)))
        return bits

    def _near_in(self, proposer: Proposer, members: Rows) -> Rows:
        """Outsiders near a member in a proposing space."""
        found = [np.zeros(0, np.int64), *(self._evidence.spaces[number].near(members) for number in proposer.spaces)]
        return np.setdiff1d(np.concatenate(found), members)


def _drawn_outside(customers: Rows, members: Rows, most: int, rng: np.random.Generator) -> Rows:
    """At most so many of some customers, none of them a member, drawn without replacement; sorted.

    Args:
        customers: to draw from, sorted.
        members: of a ring, sorted.
        most: how many to draw.
        rng: to draw by; not asked where fewer than two are left.
    """
    place = np.searchsorted(customers, members)
    place = place[(place < len(customers)) & (customers.take(place, mode="clip") == members)]
    left = len(customers) - len(place)
    if left < 2:
        return np.delete(customers, place)
    drawn = np.sort(rng.choice(left, min(most, left), replace=False))
    passed = np.searchsorted(place - np.arange(len(place)), drawn, side="right")
    outside: Rows = customers[drawn + passed]
    return outside


def _rows_by_code(codes: NDArray[np.int64]) -> list[Rows]:
    """The rows of each code from 0 on, ascending."""
    return np.split(np.argsort(codes, kind="stable"), np.cumsum(np.bincount(codes))[:-1])


def _together(bits: Floats, chance: Floats) -> Floats:
    """Minus log2 of the chance that a figure that stand-ins show and a uniform number have a product so small.

    Args:
        bits: of the product of two p-values, of which the first is that of a figure; shape (customers,).
        chance: the figures of stand-ins; shape (customers, draws).
    """
    ordered = np.sort(chance, axis=1)
    draws = np.arange(ordered.shape[1])
    first = np.maximum.accumulate(np.where(np.diff(ordered, axis=1, prepend=-np.inf) > 0, draws, 0), axis=1)
    shown = 1 - first / ordered.shape[1]
    p = np.minimum(2.0 ** -bits[:, None] / shown, 1.0).mean(axis=1)
    together: Floats = -np.log2(np.maximum(p, np.finfo(np.float64).tiny))
    return together


def _drawn(log_odds: Floats, draws: int, rng: np.random.Generator) -> NDArray[np.int64]:
    """Columns drawn by the log odds of each row; shape (rows, draws)."""
    rows, columns = log_odds.shape
    odds = np.exp(log_odds - log_odds.max(axis=1, keepdims=True))
    reached = odds.cumsum(axis=1)
    row = np.arange(rows)[:, None]
    ladder = (reached / reached[:, -1:] + row).ravel()
    at = np.searchsorted(ladder, rng.random((rows, draws)) + row, side="right") - row * columns
    drawn: NDArray[np.int64] = np.minimum(at, columns - 1)
    return drawn


def _sent(transfers: TransferSource, members: Rows, customers: Rows) -> Floats:
    """Bits between customers and members of their sending each other money; shape (customers, members)."""
    a, b = np.repeat(customers, len(members)), np.tile(members, len(customers))
    return np.where(a != b, transfers.pair_bits(a, b), 0.0).reshape(len(customers), len(members))


def _paid(transfers: TransferSource, members: Rows, tested: Rows) -> Floats:
    """Bits of each customer's transfers with the members against those of all outsiders who have transactions."""
    partners = transfers.partners(members)
    outsiders = int(transfers.present.sum()) - len(members)
    observed = _sent(transfers, members, tested).sum(axis=1)
    chance = _sent(transfers, members, partners).sum(axis=1)
    as_much = (chance >= observed[:, None]).sum(axis=1) - np.isin(tested, partners)
    p = np.where(observed > 0, (1 + as_much) / (1 + max(outsiders, 1)), 1.0)
    bits: Floats = -np.log2(np.minimum(p, 1.0))
    return bits


def _shared_value(codes: NDArray[np.int64], bits: Floats, members: Rows, tested: Rows) -> Floats:
    """Bits of the rarest entity value that each customer shares with a member other than itself; 0 without one."""
    of_members = codes[members].ravel()
    carriers = np.bincount(of_members[of_members >= 0], minlength=len(bits))
    own = codes[tested]
    others = np.where(own >= 0, carriers[own], 0) - np.isin(tested, members)[:, None]
    shared: Floats = np.where((own >= 0) & (others > 0), bits[own], 0.0).max(axis=1)
    return shared
