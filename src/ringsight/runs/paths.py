"""Where everything lies in a run's folder: each name stands here, and nowhere else."""

import shutil
from dataclasses import dataclass
from pathlib import Path

from ringsight.detection.lineage import TABLES as LINEAGE_TABLES
from ringsight.detection.results import TABLES

LEDGER = "ledger.json"


@dataclass(frozen=True, slots=True)
class RunPaths:
    """The files and folders of one run."""

    folder: Path

    @property
    def manifest(self) -> Path:
        """What the run says of itself."""
        return self.folder / "run.json"

    @property
    def settings(self) -> Path:
        """What was in force."""
        return self.folder / "settings.yaml"

    @property
    def summary(self) -> Path:
        """Counts, rates, versions and hashes of the results."""
        return self.folder / "summary.json"

    @property
    def report(self) -> Path:
        """The report, one self-contained page."""
        return self.folder / "report.html"

    @property
    def stages(self) -> Path:
        """Time and memory of every stage."""
        return self.folder / "stages.json"

    @property
    def fingerprints(self) -> Path:
        """The files of the bank as they were seen."""
        return self.folder / "bank_files.parquet"

    @property
    def pictures(self) -> Path:
        """Small copies of the bank's ID images."""
        return self.folder / "pictures"

    @property
    def picture_owners(self) -> Path:
        """Which customers have which of them."""
        return self.pictures / "owners.parquet"

    @property
    def frames(self) -> Path:
        """The bank, where it was read from data frames."""
        return self.folder / "bank_from_frames"

    @property
    def quarantine(self) -> Path:
        """What could not be used of the bank, a table for each file."""
        return self.folder / "quarantine"

    @property
    def decided(self) -> Path:
        """On which rings the decisions bear."""
        return self.folder / "decided.csv"

    @property
    def evaluation(self) -> Path:
        """How the run stands against the truth."""
        return self.folder / "evaluation.json"

    @property
    def false_positives(self) -> Path:
        """False-positive rates of protected groups."""
        return self.folder / "false_positives.csv"

    @property
    def ledgers(self) -> Path:
        """The ledgers, a folder for each ring that a person should look at."""
        return self.folder / "rings"

    @property
    def embeddings(self) -> Path:
        """The embeddings, a file for each space."""
        return self.folder / "embeddings"

    @property
    def embedded_from(self) -> Path:
        """What the embeddings were made from: fingerprints of customers' records."""
        return self.folder / "embedded_from.parquet"

    @property
    def model(self) -> Path:
        """The model, where none is named elsewhere."""
        return self.folder / "model"

    @property
    def cases(self) -> Path:
        """The case book, where none is named elsewhere."""
        return self.folder / "cases.db"

    @property
    def arrivals(self) -> Path:
        """The log of arrivals, where none is named elsewhere."""
        return self.folder / "arrivals.db"

    @property
    def live(self) -> Path:
        """What the service found out of the night, for its next start."""
        return self.folder / "live"

    @property
    def decisions(self) -> Path:
        """Decided pairs that the run took over from the last."""
        return self.folder / "decisions.csv"

    @property
    def watch(self) -> Path:
        """How the run stands against a reference."""
        return self.folder / "watch"

    @property
    def tracked(self) -> Path:
        """What the run was made of and came to, for comparing it with others."""
        return self.folder / "tracked"

    def table(self, name: str) -> Path:
        """A table of the results or of the lineage, as Parquet."""
        return self.folder / f"{name}.parquet"

    def csv(self, name: str) -> Path:
        """The same table as text; the null has none."""
        return self.folder / f"{name}.csv"

    def ledger(self, ring_id: str) -> Path:
        """The ledger of a ring."""
        return self.ledgers / ring_id / LEDGER

    def embedding_files(self) -> list[Path]:
        """The embeddings that are there, sorted."""
        return sorted(self.embeddings.glob("*.parquet"))

    def ledger_files(self) -> dict[str, Path]:
        """The ledgers that are there, by ring id."""
        return {file.parent.name: file for file in sorted(self.ledgers.glob(f"*/{LEDGER}"))}

    def tables(self) -> list[Path]:
        """Every table that is there, in either form, what was set aside of the bank, and what a watch left."""
        folders = (self.folder, self.quarantine, self.watch)
        found = (self.folder.glob("*.parquet"), *(folder.glob("*.csv") for folder in folders))
        return [file for files in found for file in sorted(files)]

    def results(self) -> list[Path]:
        """Everything that a run writes anew. Embeddings, model, store, cases and decisions are not of these."""
        single = [self.summary, self.settings, self.report, self.stages, self.decided, self.evaluation]
        folders = [
            self.false_positives,
            self.fingerprints,
            self.ledgers,
            self.quarantine,
            self.watch,
            self.tracked,
            self.live,
        ]
        names = (*TABLES, *LINEAGE_TABLES)
        return [*map(self.table, names), *map(self.csv, names), *single, *folders]

    def kept(self) -> list[Path]:
        """What a run writes anew, and takes over from an earlier one as far as it is the same."""
        return [self.pictures]

    def clear_results(self) -> None:
        """Remove what a run writes anew."""
        for path in self.results():
            if path.is_dir():
                shutil.rmtree(path)
            else:
                path.unlink(missing_ok=True)
