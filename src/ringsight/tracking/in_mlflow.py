"""What is tracked, in MLflow: one run of MLflow for each run, and one version of a registered model for each model.

The folder holds a database and the files, so that no server is needed; a server is named by its address. A run that is
there already is not written twice, and of its model the alias follows what readers of the vector store see.
"""

import hashlib
import json
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from ringsight.errors import SettingsError, StoreError
from ringsight.tracking.tracked_files import facts_of
from ringsight.tracking.tracked_run import Promotion, TrackedRun

if TYPE_CHECKING:
    from mlflow.tracking import MlflowClient

EXPERIMENT = "ringsight"
"""Of MLflow, and the name of the registered model."""
DATABASE, FILES = "mlflow.db", "files"
TAG = "ringsight.tracked"
"""Hash of all that is tracked of a run; by it the same is known again."""
LONGEST = 500
"""Characters of a value that MLflow takes as a parameter."""
AT_ONCE = 100
"""Parameters, or figures, in one request."""
ALIASES = {Promotion.promoted: "promoted", Promotion.former: "former"}


@dataclass(frozen=True, slots=True)
class InMlflow:
    """Where a run is in MLflow."""

    run_id: str
    version: str
    """Of the registered model; empty where the run has no model."""
    there_before: bool
    """Whether nothing had to be written."""


def write_to_mlflow(tracked: TrackedRun, folder: Path, to: str, name: str = EXPERIMENT) -> InMlflow:
    """Hand a run to MLflow, once.

    Args:
        tracked: what is tracked of the run.
        folder: what `write_tracked` wrote; the files go along.
        to: folder of a local MLflow, made where there is none, or the address of a server.
        name: of the experiment and of the registered model.

    Raises:
        SettingsError: if MLflow is not installed, or the address holds credentials.
        StoreError: if MLflow refuses.
    """
    client, artifacts = _client(to)
    from mlflow.exceptions import MlflowException

    try:
        found = client.get_experiment_by_name(name)
        experiment = found.experiment_id if found else client.create_experiment(name, artifact_location=artifacts)
        run_id, there = _run(client, experiment, tracked, folder)
        version = _registered(client, name, run_id, tracked) if tracked.model_hash else ""
    except MlflowException as error:
        raise StoreError(
            f"MLflow refuses: {error}", where=to, remedy="look whether it is there, and of version 3"
        ) from error
    return InMlflow(run_id, version, there)


def _client(to: str) -> tuple["MlflowClient", str | None]:
    """A client, and where files go; None where a server decides."""
    if "@" in urlsplit(to).netloc:
        raise SettingsError(
            "the address of MLflow must not hold credentials",
            remedy="MLFLOW_TRACKING_TOKEN, or _USERNAME and _PASSWORD",
        )
    os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
    try:
        from mlflow.tracking import MlflowClient
    except ModuleNotFoundError as error:
        raise SettingsError(
            f"tracking in MLflow needs {error.name}, which is not installed", remedy="pip install 'ringsight[mlflow]'"
        ) from error
    if to.startswith(("http://", "https://")):
        return MlflowClient(to, to), None
    folder = Path(to).resolve()
    folder.mkdir(parents=True, exist_ok=True)
    address = f"sqlite:///{folder / DATABASE}"
    return MlflowClient(address, address), (folder / FILES).as_uri()


def _run(client: "MlflowClient", experiment: str, tracked: TrackedRun, folder: Path) -> tuple[str, bool]:
    """Write the run, unless it is there; an earlier attempt that was cut off is written anew."""
    there = client.search_runs([experiment], f"tags.`{TAG}` = '{_hash(tracked)}' and attributes.status = 'FINISHED'")
    if there:
        return str(there[0].info.run_id), True
    from mlflow.entities import Metric, Param

    run_id = str(client.create_run(experiment, run_name=tracked.run, tags=_tags(tracked)).info.run_id)
    params = [Param(key, value[:LONGEST]) for key, value in sorted(_flat(tracked.settings))]
    figures = [Metric(_name(name), value, 0, 0) for name, value in tracked.measures.items()]
    figures += [
        Metric(_name(f"{row['part']}.{row['name']}.by_epoch"), row["value"], 0, row["epoch"])
        for row in tracked.curves.iter_rows(named=True)
    ]
    for start in range(0, len(params), AT_ONCE):
        client.log_batch(run_id, params=params[start : start + AT_ONCE])
    for start in range(0, len(figures), AT_ONCE):
        client.log_batch(run_id, metrics=figures[start : start + AT_ONCE])
    client.log_artifacts(run_id, str(folder))
    client.set_terminated(run_id)
    return run_id, False


def _registered(client: "MlflowClient", name: str, run_id: str, tracked: TrackedRun) -> str:
    """The version of the registered model, made where there is none; its alias says what readers see."""
    if not client.search_registered_models(f"name = '{name}'"):
        client.create_registered_model(name)
    known = client.search_model_versions(f"name = '{name}'")
    mine = [each for each in known if each.tags.get("model_hash") == tracked.model_hash]
    if mine:
        version = str(mine[0].version)
    else:
        source = client.get_run(run_id).info.artifact_uri
        made = client.create_model_version(name, source, run_id, tags={"model_hash": tracked.model_hash})
        version = str(made.version)
    if tracked.promotion in ALIASES:
        client.set_registered_model_alias(name, ALIASES[tracked.promotion], version)
    return version


def _hash(tracked: TrackedRun) -> str:
    facts = {name: value for name, value in facts_of(tracked).items() if name != "promotion"}
    return hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()


def _tags(tracked: TrackedRun) -> dict[str, str]:
    hashes = {f"part.{part}": digest for part, digest in tracked.part_hashes.items()}
    told = {
        "digest": tracked.digest,
        "commit": tracked.commit,
        "data_hash": tracked.data_hash,
        "model_hash": tracked.model_hash,
    }
    versions = {f"version.{library}": number for library, number in tracked.versions.items()}
    return {TAG: _hash(tracked), "seed": str(tracked.seed)} | {
        f"ringsight.{name}": value for name, value in (told | hashes | versions).items()
    }


def _flat(settings: Mapping[str, Any], before: str = "") -> Iterator[tuple[str, str]]:
    """Settings as on the command line: `notes.dim` and its value."""
    for name, value in settings.items():
        if isinstance(value, Mapping) and value:
            yield from _flat(value, f"{before}{name}.")
        else:
            yield f"{before}{name}", str(value)


def _name(figure: str) -> str:
    """A figure's name in the letters that MLflow takes."""
    return "".join(each if each.isalnum() or each in "_-./ " else "_" for each in figure)
