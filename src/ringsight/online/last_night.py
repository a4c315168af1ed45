"""What the live graph knows of the last night: vectors, strata, rings, and how far its rate can be trusted."""

import hashlib
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field

import numpy as np
import polars as pl
from numpy.typing import NDArray

from ringsight.detection.evidence import strata_of
from ringsight.detection.settings import CandidateConfig
from ringsight.errors import RingsightError
from ringsight.online.kept_night import KeptNight
from ringsight.records.bank import Bank
from ringsight.records.embeddings import Embeddings
from ringsight.runs.run import Run
from ringsight.runs.settings import restored


@dataclass(frozen=True, slots=True, eq=False)
class LastNight:
    """The last night, as far as customers who come by day are held against it."""

    embeddings: Mapping[str, Embeddings]
    """By space, facets and the joint space among them."""
    rings: pl.DataFrame
    """Columns of `detection.results.RINGS`."""
    members: pl.DataFrame
    """Columns of `detection.results.MEMBERS`."""
    strata: NDArray[np.int64]
    """Stratum of each customer, in the order of `customer_ids`; shape (customers,)."""
    customer_ids: NDArray[np.str_]
    """Who has a vector in any space, sorted; shape (customers,)."""
    candidates: CandidateConfig = field(default_factory=CandidateConfig)
    seed: int = 0
    digest: str = ""
    """What tells this night from others."""
    bank: Bank | None = None
    """What the night searched, where it is there: records of its customers, and what filters ask."""
    kept: KeptNight = field(default_factory=KeptNight)
    """Where lies what takes long to find out of the night."""
    caveats: tuple[str, ...] = ()
    """Why chance may show more than the live graph's worlds do; where there is any, no standing is told."""

    @property
    def model(self) -> str:
        """SHA-256 over the models of all spaces: vectors of another are not compared with these."""
        told = "\n".join(f"{name} {each.model_hash}" for name, each in sorted(self.embeddings.items()))
        return hashlib.sha256(told.encode()).hexdigest()

    @property
    def listed(self) -> dict[str, tuple[str, ...]]:
        """Flagged or held ring -> its members."""
        shown = self.rings.filter(pl.col("flagged") | (pl.col("held") != ""))["ring_id"]
        kept = self.members.filter(pl.col("ring_id").is_in(shown.to_list()))
        return {str(name[0]): tuple(rows["customer_id"]) for name, rows in kept.group_by("ring_id")}


def read_night(run: Run) -> LastNight:
    """The last night, from a finished run.

    Strata are those of the bank, where its folder is there; otherwise everybody is of one stratum, and that is a
    caveat.

    Raises:
        DataError: if the run is not finished.
        ModelError: if it has no embeddings.
    """
    results, embeddings = run.results, run.embeddings()
    ids = np.unique(np.concatenate([each.customer_ids for each in embeddings.values()]))
    bank = _bank(run)
    told = run.settings().get("detect", {}).get("candidates") or {}
    caveats = _caveats(results.summary)
    if bank is None:
        caveats.append("the bank's folder is not there, so strata are not known")
    return LastNight(
        embeddings=embeddings,
        rings=results.rings,
        members=results.members,
        strata=np.zeros(len(ids), dtype=np.int64) if bank is None else _strata(bank, ids),
        customer_ids=ids,
        candidates=restored(CandidateConfig, told, f"{run.paths.settings}, detect.candidates"),
        seed=int(results.summary.get("seed", 0)),
        digest=run.digest(),
        bank=bank,
        kept=KeptNight(run.paths.live),
        caveats=tuple(caveats),
    )


def _caveats(summary: Mapping[str, object]) -> list[str]:
    caveats = []
    if not summary.get("rate_stated", False):
        caveats.append("the last night stated no rate")
    if summary.get("shared_directions"):
        caveats.append("modalities of this bank share directions, which these chance worlds do not keep")
    return caveats


def _bank(run: Run) -> Bank | None:
    with suppress(RingsightError):
        return run.read_bank()
    return None


def _strata(bank: Bank, ids: NDArray[np.str_]) -> NDArray[np.int64]:
    codes, known = strata_of(bank.customers), bank.customer_ids
    place = np.minimum(np.searchsorted(known, ids), len(known) - 1)
    return np.where(known[place] == ids, codes[place], -1)
