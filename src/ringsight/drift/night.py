"""One night as a run left it: what was found, the records that were searched, and the vectors."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import numpy as np

from ringsight.detection.results import Results
from ringsight.drift.contrast_groups import Ids
from ringsight.errors import DataError, ModelError
from ringsight.records.bank import Bank
from ringsight.records.embeddings import Embeddings
from ringsight.runs.run import Run, open_run


@dataclass(frozen=True, slots=True, eq=False)
class Night:
    """What is known of one night."""

    folder: Path
    results: Results
    bank: Bank | None
    """None where the records are not there any more."""
    why_no_bank: str
    embeddings: Mapping[str, Embeddings]
    """By space; none where nothing was embedded."""

    @classmethod
    def of(cls, run: Run | Path | str, folder: Path | None = None) -> Self:
        """Open a run, its records and its vectors.

        Args:
            run: finished, or its folder.
            folder: of the bank, where it lies elsewhere now.

        Raises:
            DataError: if the run is not finished, or a bank's folder is named and is not the one that was searched.
        """
        opened = open_run(run.folder if isinstance(run, Run) else run)
        try:
            bank, why = opened.searched_bank(folder), ""
        except DataError as error:
            if folder is not None:
                raise
            bank, why = None, error.what
        try:
            embeddings = opened.embeddings()
        except ModelError:
            embeddings = {}
        return cls(opened.folder, opened.results, bank, why, embeddings)

    @property
    def customer_ids(self) -> Ids:
        """Everybody: of the bank or, where it is not there, who has a vector; sorted."""
        if self.bank is not None:
            return self.bank.customer_ids
        told = [each.customer_ids for each in self.embeddings.values()]
        return np.unique(np.concatenate(told)) if told else np.zeros(0, dtype=np.str_)
