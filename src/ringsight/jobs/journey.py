"""The stages that the doors share, from a bank's folder to flagged rings.

A folder of results is of one run: whatever an earlier run left in it is taken away before a new one begins to write.
Torch takes seconds to import, so that only the stages that need it do.
"""

import shutil
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from importlib.metadata import version
from pathlib import Path

from ringsight.detection.carry_over import carry_over
from ringsight.detection.detect import DetectConfig, detect
from ringsight.detection.lineage import TABLES as LINEAGE_TABLES
from ringsight.detection.lineage import Lineage, follow
from ringsight.detection.results import TABLES, Results
from ringsight.encoders.settings import FEWEST_CUSTOMERS
from ringsight.errors import ModelError, SettingsError
from ringsight.explain.ledger import FOLDER as LEDGERS
from ringsight.explain.ledger import write_ledgers
from ringsight.fusion.settings import ModelConfig, parts
from ringsight.jobs.stages import Stages
from ringsight.records.bank import Bank, BankConfig
from ringsight.records.decisions import read_decisions
from ringsight.records.embeddings import JOINT, Embeddings
from ringsight.records.quarantine import write_quarantine
from ringsight.records.reading import describe, read_bank
from ringsight.records.writing import write_atomically, write_folder_atomically
from ringsight.report import write_report
from ringsight.vectors.scalars import scalars_of
from ringsight.vectors.vector_store import StoreConfig, open_store

REPORT = "report.html"
DECIDED = "decided.csv"
EVALUATIONS = ("evaluation.json", "false_positives.csv")
STAGES = 5 + len(parts())
"""Stages of `journey`: reading, training each part, embedding, indexing, detecting, reporting."""
LIBRARIES = (
    "ringsight",
    "torch",
    "pytorch-lightning",
    "transformers",
    "pymilvus",
    "igraph",
    "numpy",
    "scipy",
    "polars",
)
"""Libraries whose versions a result depends on."""


@dataclass(kw_only=True, slots=True)
class RunConfig(ModelConfig):
    """What the way from a bank to its flags can be told."""

    detect: DetectConfig = field(default_factory=DetectConfig)
    """How rings are found and flagged."""
    store: StoreConfig = field(default_factory=StoreConfig)
    """Where the vectors are kept."""
    model: Path | None = None
    """Folder of the model; parts it lacks are trained into it. By default `model` inside `out`; there too a joint space
    is trained that cannot stay as it is in a model named here, which others may use."""
    previous: Path | None = None
    """Folder of the run before: rings keep the ids that they had there, and what became of them is written down."""
    seed: int = 0
    """Of training and detection."""


def journey(bank_config: BankConfig, config: RunConfig, out: Path, stages: Stages) -> Results:
    """Read, train what is missing, embed, index, detect and report.

    Raises:
        RingsightError: for what a user can mend.
    """
    previous = lineage_before(config.previous, out)
    bank = read(bank_config, stages)
    begin(bank, out)
    model = model_of(bank, config, out, stages)
    train(bank, config, model, config.seed, stages)
    embeddings = embed(bank, model, out, stages)
    index(bank, embeddings, config.store, out, stages)
    return find_rings(bank, embeddings, previous, config.detect, config.seed, out, stages)


def lineage_before(previous: Path | None, out: Path) -> Lineage:
    """The lineage that a run into `out` continues, if a run before is named.

    Raises:
        SettingsError: if the run before is the one that `out` is to hold: should this one fail, its ids were lost.
        DataError: if the run before is not finished.
    """
    if previous is None:
        return Lineage.beginning()
    if previous.resolve() == out.resolve():
        raise SettingsError(
            f"previous and out are the same folder ({out}), so a run that fails would take the ids of its rings along",
            remedy="give every run a folder of its own, and name the last one that was finished as previous",
        )
    return Lineage.read(previous)


def read(config: BankConfig, stages: Stages) -> Bank:
    """Read the bank, and say what was read."""
    with stages.stage("read", f"reading {config.path}"):
        bank = read_bank(config)
    stages.say(describe(bank))
    return bank


def begin(bank: Bank, out: Path) -> None:
    """Take the results of an earlier run out of `out`, and write down what could not be used of the bank.

    The model, the embeddings and the store stay: they say themselves what they belong to.
    """
    tables = [f"{name}.{suffix}" for name in (*TABLES, *LINEAGE_TABLES) for suffix in ("csv", "parquet")]
    for name in ("summary.json", REPORT, DECIDED, *EVALUATIONS, "stages.json", "settings.yaml", *tables):
        (out / name).unlink(missing_ok=True)
    shutil.rmtree(out / LEDGERS, ignore_errors=True)
    write_quarantine(bank, out)


def model_of(bank: Bank, config: RunConfig, out: Path, stages: Stages) -> Path:
    """The folder of the model to complete and to embed with.

    A model that is named and has its joint space is left as it is: if that has to be trained anew, the encoders are
    copied into `out`/model, and it is trained there.

    Raises:
        ModelError: if the model is damaged, or `out`/model holds other encoders.
    """
    own = out / "model"
    if config.model is None or not (config.model / JOINT).is_dir() or config.model.resolve() == own.resolve():
        return config.model or own
    from ringsight.fusion.training import modalities_of, outdated, take_over

    why = outdated(config.model, modalities_of(bank), config.fusion)
    if not why:
        return config.model
    take_over(config.model, own)
    stages.say(f"{config.model} stays as it is; its joint space is trained anew in {own}: {why}")
    return own


def train(
    bank: Bank, config: ModelConfig, model: Path, seed: int, stages: Stages, again: bool = False
) -> dict[str, dict[str, float]]:
    """Train the parts that the model lacks, one stage each; metrics of those trained, by part."""
    from ringsight.fusion.training import modalities_of, outdated, train_missing

    learnable = modalities_of(bank)
    metrics: dict[str, dict[str, float]] = {}
    for part in parts():
        if learnable and part not in (JOINT, *learnable):
            stages.skip(f"training {part}: left out, fewer than {FEWEST_CUSTOMERS} customers have any")
            continue
        if part == JOINT and (model / part).is_dir() and not again:
            why = outdated(model, learnable, config.fusion)
            if why:
                stages.say(f"  the joint space is trained anew: {why}")
        with stages.stage(f"train {part}", f"training {part}"):
            trained = train_missing(bank, config, model, seed, only=part, again=again)
        if not trained:
            stages.say(f"  kept as it lies in {model / part}; remove that folder to train it anew")
        metrics |= trained
    return metrics


def embed(bank: Bank, model: Path, out: Path, stages: Stages) -> dict[str, Embeddings]:
    """Embed the bank into `out`/embeddings, or take what lies there if model and records are the same."""
    from ringsight.fusion.embed import embed_bank, model_hash

    with stages.stage("embed", f"embedding {len(bank.customers):,} customers"):
        made_by = model_hash(model)
        embeddings = _kept(out, made_by, bank)
        if embeddings is None:
            embeddings = {
                space: replace(vectors, model_hash=made_by) for space, vectors in embed_bank(bank, model).items()
            }
            with write_folder_atomically(out / "embeddings") as partial:
                for space, vectors in embeddings.items():
                    vectors.write(partial / f"{space}.parquet")
    return embeddings


def read_embeddings(bank: Bank, out: Path) -> dict[str, Embeddings]:
    """The embeddings in `out`, by space.

    Raises:
        ModelError: if there are none, or they were made from other records than the bank's.
    """
    files = sorted((out / "embeddings").glob("*.parquet"))
    remedy = f"run `ringsight embed bank.path={bank.path} model=MODEL out={out}` first"
    if not files:
        raise ModelError("no embeddings here", where=str(out / "embeddings"), remedy=remedy)
    embeddings = {path.stem: Embeddings.read(path) for path in files}
    for path in files:
        if embeddings[path.stem].data_hash != bank.data_hash:
            raise ModelError("made from other records than this bank's", where=str(path), remedy=remedy)
    return embeddings


def index(bank: Bank, embeddings: Mapping[str, Embeddings], config: StoreConfig, out: Path, stages: Stages) -> None:
    """Write the spaces that are searched beside those of other models, then let readers see them.

    Those are the learned ones and the joint one; facets are evidence, and nobody searches in them.
    """
    searched = [each for each in embeddings.values() if each.learned]
    vectors = sum(len(each.customer_ids) for each in searched)
    scalars = scalars_of(bank)
    with stages.stage("index", f"indexing {vectors:,} vectors"), open_store(config.beside(out)) as store:
        for each in searched:
            store.write(each, scalars)
        store.promote(searched[0].model_hash)


def find_rings(
    bank: Bank,
    embeddings: Mapping[str, Embeddings],
    previous: Lineage,
    config: DetectConfig,
    seed: int,
    out: Path,
    stages: Stages,
) -> Results:
    """Detect, then write the results, the ledger of every ring to look at, and the report.

    Rings that `previous` knows keep their ids.
    """
    with stages.stage("detect", f"looking for rings in {config.permutations + 1:,} worlds, of which one is real"):
        results, lineage = follow(detect(bank, embeddings, config, seed), previous, bank.customer_ids)
        versions = {library: version(library) for library in LIBRARIES}
        results = replace(results, summary=results.summary | {"versions": versions})
        lineage.write(out)
        if config.decisions is not None:
            _write_decided(config.decisions, results, out, stages)
        results.write(out)
    if lineage.run:
        stages.say(lineage.described())
    with stages.stage("report", f"writing {out / REPORT}"):
        write_report(results, bank, embeddings, out / REPORT, write_ledgers(results, bank, out))
    return results


def _write_decided(decisions: Path, results: Results, out: Path, stages: Stages) -> None:
    """Write on which rings the decisions bear, and say if some contradict others."""
    carried = carry_over(read_decisions(decisions), results.members)
    with write_atomically(out / DECIDED) as partial:
        carried.write_csv(partial)
    against = int((carried["against"] != "").sum())
    if against:
        stages.say(f"{against} decisions are contradicted by others: see the column `against` of {out / DECIDED}.")


def _kept(out: Path, made_by: str, bank: Bank) -> dict[str, Embeddings] | None:
    if not any((out / "embeddings").glob("*.parquet")):
        return None
    embeddings = {path.stem: Embeddings.read(path) for path in sorted((out / "embeddings").glob("*.parquet"))}
    same = all(each.model_hash == made_by and each.data_hash == bank.data_hash for each in embeddings.values())
    return embeddings if same else None
