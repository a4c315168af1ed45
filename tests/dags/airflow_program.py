"""Airflow of one version in an environment of its own, fetched once by pip to a cache outside the repository."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

from means import MissingMeansError

PACKAGE = "apache-airflow==3.3.2"
LONGEST = 900
"""Seconds that fetching its packages, about 150, may take."""


def installed() -> Path:
    """The folder with the environment, and with a database of Airflow's that is ready to be copied.

    Raises:
        MissingMeansError: pip cannot fetch it.
    """
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "ringsight-tests"
    folder = cache / PACKAGE.replace("==", "-")
    if folder.is_dir():
        return folder
    partial = cache / f".{folder.name}.{os.getpid()}.partial"
    python = str(python_of(partial))
    commands = (
        [sys.executable, "-m", "venv", str(partial)],
        [python, "-m", "pip", "install", "--quiet", PACKAGE],
        [python, "-m", "airflow", "db", "migrate"],
    )
    try:
        for command in commands:
            done = subprocess.run(
                command, env=environment(partial), capture_output=True, text=True, check=False, timeout=LONGEST
            )
            if done.returncode != 0:
                raise MissingMeansError(f"{PACKAGE} cannot be installed: {done.stderr.strip()[-300:]}")
        if not folder.is_dir():
            partial.rename(folder)
    except subprocess.TimeoutExpired as error:
        raise MissingMeansError(f"installing {PACKAGE} took more than {LONGEST} seconds") from error
    finally:
        shutil.rmtree(partial, ignore_errors=True)
    return folder


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
