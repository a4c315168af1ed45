"""ringsight every night, in Airflow 3: score; train once a week, or when records drift; promote a model; go back.

Airflow has an environment of its own and imports nothing of ringsight: each task is a command of it, which can be
called again after a failure and goes on. What is where is told by the environment of whoever runs the tasks:

    RINGSIGHT_PROGRAM   the command; by default `ringsight`
    RINGSIGHT_BANK      the bank's folder
    RINGSIGHT_NIGHTS    the folder of the nights
    RINGSIGHT_MODELS    the folder of the models; its link `in_use` names the one that scores, `former` the one before
    RINGSIGHT_STORE     settings of the vector store; by default one Milvus Lite beside the nights
    RINGSIGHT_SETTINGS  further settings of the score, such as `engine=spark database=URL`
    RINGSIGHT_TRAINING  further settings of the training

docs/airflow.md has the rest.
"""

import json
import os
import shlex
import subprocess
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from airflow.exceptions import AirflowException, AirflowFailException
from airflow.sdk import DAG, Param, get_current_context, task

UNUSUAL = 3
"""Exit status of a night that is scored and waits for a person: neither a success nor a failure."""
DRIFT = {"records", "embeddings"}
"""Parts of an unusual night that a model trained anew may see otherwise."""
TRAINING_DAY = 6
"""Sunday, on which a model is trained, counted from Monday."""
IN_USE, FORMER, FIRST = "in_use", "former", "first"


def told(name: str, default: str | None = None) -> str:
    """What the environment says.

    Raises:
        AirflowFailException: if it says nothing, and there is no default; trying again would not help.
    """
    value = os.environ.get(f"RINGSIGHT_{name}", default)
    if value is None:
        raise AirflowFailException(f"RINGSIGHT_{name} is not set where the tasks run")
    return value


def nights() -> Path:
    """The folder of the nights."""
    return Path(told("NIGHTS"))


def models() -> Path:
    """The folder of the models."""
    return Path(told("MODELS"))


def bank() -> str:
    """The bank, as a setting."""
    return f"bank.path={told('BANK')}"


def store() -> list[str]:
    """Settings of the vector store, one for all nights, so that a model can be promoted and taken back."""
    return shlex.split(told("STORE", f"store.path={nights() / 'vectors.db'}"))


def asked(name: str) -> Any:  # noqa: ANN401 - whatever a parameter holds
    """A parameter of this DAG run."""
    return get_current_context()["params"][name]


def night() -> str:
    """The night that is scored: as asked, else the day for which Airflow calls."""
    when = get_current_context().get("logical_date") or datetime.now(UTC)
    return asked("night") or f"{when:%Y-%m-%d}"


def ringsight(*words: str, ends: Sequence[int] = (0,)) -> int:
    """Call the command, with all that it says in the log.

    Returns:
        The exit status, which is one of `ends`.

    Raises:
        AirflowException: if it is none of them.
    """
    command = [told("PROGRAM", "ringsight"), *words]
    print(shlex.join(command), flush=True)  # noqa: T201 - the log of the task
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as process:  # noqa: S603
        for line in process.stdout or ():
            print(line, end="", flush=True)  # noqa: T201
    if process.returncode not in ends:
        raise AirflowException(f"ringsight {words[0]} ended with {process.returncode}; its log says why")
    return process.returncode


def point(link: str, model: Path) -> None:
    """Let a link in the folder of models name another one, in one step."""
    partial = models() / f".{link}"
    partial.unlink(missing_ok=True)
    partial.symlink_to(model.name)
    partial.replace(models() / link)


def reasons() -> list[dict[str, str]]:
    """Why a night is unusual; nothing where it was not held against another."""
    file = nights() / night() / "watch" / "watch.json"
    return json.loads(file.read_text(encoding="utf-8"))["reasons"] if file.is_file() else []


with DAG(
    "ringsight_nightly",
    doc_md=__doc__,
    schedule="30 1 * * *",
    start_date=datetime(2026, 1, 1, tzinfo=UTC),
    catchup=False,
    max_active_runs=1,  # a night goes on from the last one
    default_args={"retries": 2, "retry_delay": timedelta(minutes=5)},
    params={
        "do": Param("score", enum=["score", "promote", "rollback"], description="What this run is for."),
        "night": Param("", type="string", description="Name of the night; by default the day."),
        "publish_unusual": Param(False, type="boolean", description="Publish a night that a person has looked at."),
        "model": Param("", type="string", description="To promote: a folder among the models."),
    },
) as dag:

    @task.branch(retries=0)
    def choose() -> str:
        """What this run is for."""
        return {"score": "score", "promote": "fill_index", "rollback": "roll_back_index"}[asked("do")]

    @task
    def score() -> str:
        """Tonight's list: published, or unusual. Called again, it goes on where it stopped."""
        models().mkdir(parents=True, exist_ok=True)
        if not (models() / IN_USE).exists():
            point(IN_USE, models() / FIRST)  # which the first night trains
        model = models() / (models() / IN_USE).readlink()
        settings = [f"night={night()}", f"model={model}", *store(), *shlex.split(told("SETTINGS", ""))]
        if asked("publish_unusual"):
            settings.append("publish_unusual=true")
        ended = ringsight("score", bank(), f"nights={nights()}", *settings, ends=(0, UNUSUAL))
        return "waits_for_a_person" if ended == UNUSUAL else "published"

    @task.branch(retries=0)
    def look(state: str) -> list[str]:
        """Where the night goes on, and whether a model is to be trained."""
        weekly = (get_current_context().get("logical_date") or datetime.now(UTC)).weekday() == TRAINING_DAY
        drifted = state != "published" and any(each["part"] in DRIFT for each in reasons())
        return [state, "train"] if weekly or drifted else [state]

    @task(retries=0)
    def published() -> None:
        """Tonight's list counts."""

    @task(retries=0)
    def waits_for_a_person() -> None:
        """The list before stands; the log says why, and what a person may do."""
        for each in reasons():
            print(f"{each['part']}: {each['text']}")  # noqa: T201
        again = json.dumps({"night": night(), "publish_unusual": True})
        print(f"Look at {nights() / night() / 'watch' / 'watch.html'}. To publish it all the same, run with {again}")  # noqa: T201

    @task
    def train() -> None:
        """A new model beside the one in use, which nobody uses until it is promoted."""
        ringsight("train", bank(), f"model={models() / night()}", *shlex.split(told("TRAINING", "")))
        print(f'To use it: run with {{"do": "promote", "model": "{night()}"}}')  # noqa: T201

    @task
    def fill_index() -> None:
        """Everybody's vectors by a new model, beside those of the one in use; readers see them when all are there."""
        model = models() / Path(asked("model")).name
        if not asked("model") or not model.is_dir():
            raise AirflowFailException(f"there is no model {asked('model')!r} in {models()}")
        ringsight("embed", bank(), f"model={model}", f"out={models() / f'.{model.name}-embedded'}", *store())

    @task
    def use_model() -> None:
        """From the next night on, the new model scores."""
        model = models() / Path(asked("model")).name
        if (models() / IN_USE).exists() and (models() / IN_USE).resolve() != model.resolve():
            point(FORMER, (models() / IN_USE).resolve())
        point(IN_USE, model)

    @task
    def roll_back_index() -> None:
        """Readers see the vectors of the model before; called twice, it changes nothing more."""
        ringsight("store", "do=rollback", *store())

    @task
    def use_former_model() -> None:
        """From the next night on, the model before scores."""
        if not (models() / FORMER).exists():
            raise AirflowFailException(f"there is no former model in {models()}")
        point(IN_USE, (models() / FORMER).resolve())

    state = score()
    chosen = choose()
    chosen >> state
    look(state) >> [published(), waits_for_a_person(), train()]
    chosen >> fill_index() >> use_model()
    chosen >> roll_back_index() >> use_former_model()
