"""Airflow of one version in an environment of its own, fetched once by pip to a cache outside the repository."""

import os
import sys
from pathlib import Path

from means import made_once

PACKAGE = "apache-airflow==3.3.2"
LONGEST = 900
"""Seconds that fetching its packages, about 150, may take."""


def installed() -> Path:
    """The folder with the environment, and with a database of Airflow's that is ready to be copied.

    Raises:
        MissingMeansError: pip cannot fetch it.
    """
    return made_once(PACKAGE.replace("==", "-"), PACKAGE, _commands, environment, LONGEST)


def _commands(folder: Path) -> list[list[str]]:
    python = str(python_of(folder))
    return [
        [sys.executable, "-m", "venv", str(folder)],
        [python, "-m", "pip", "install", "--quiet", PACKAGE],
        [python, "-m", "airflow", "db", "migrate"],
    ]


def python_of(folder: Path) -> Path:
    """The Python of the environment; its programs name the folder in which they were made, and are not used."""
    return folder / "bin" / "python"


def environment(home: Path, **more: str) -> dict[str, str]:
    """What Airflow is told, whose own files are in `home`."""
    told = {
        "AIRFLOW_HOME": str(home),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "AIRFLOW__CORE__DAGS_FOLDER": str(Path(__file__).parents[2] / "dags"),
        "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": f"sqlite:///{home}/airflow.db",
    }
    ours = ("PYTHON", "AIRFLOW_", "RINGSIGHT_")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(ours)}
    return kept | told | more
