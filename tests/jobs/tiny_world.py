"""The command as a user calls it, and a folder in which it was called.

Each call is a process of its own, forked from one that has imported what the commands need: importing torch, Lightning
and transformers anew takes longer than most commands take on a tiny bank. `test_cli.py` starts the program itself.
"""

import os
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path

from ringsight.jobs.cli import main

FORKS = get_context("forkserver")
FORKS.set_forkserver_preload(
    [
        "ringsight.jobs.run",
        "ringsight.fusion.joint_training",
        "ringsight.vectors.milvus",
        "transformers.models.bert.modeling_bert",
    ]
)
LONGEST = 900
"""Seconds after which a command counts as stuck."""


def ringsight(*words: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    """Call the command in a folder.

    Raises:
        subprocess.TimeoutExpired: if it takes longer than `LONGEST`.
    """
    with tempfile.TemporaryDirectory() as folder:
        streams = [Path(folder) / "out", Path(folder) / "err"]
        process = FORKS.Process(target=_program, args=(words, cwd, dict(os.environ), streams))
        process.start()
        process.join(LONGEST)
        if process.exitcode is None:
            process.kill()
            raise subprocess.TimeoutExpired(words, LONGEST)
        out, err = (stream.read_text() for stream in streams)
    return subprocess.CompletedProcess(words, process.exitcode, out, err)


def _program(words: tuple[str, ...], cwd: Path, environment: dict[str, str], streams: list[Path]) -> None:
    for number, stream in enumerate(streams, start=1):
        os.dup2(os.open(stream, os.O_WRONLY | os.O_CREAT), number)
    os.environ.clear()
    os.environ.update(environment)
    os.chdir(cwd)
    sys.argv = ["ringsight", *words]
    main()


@dataclass(frozen=True)
class World:
    """A folder with `bank` and `run`, and what the run said."""

    folder: Path
    said: str

    @property
    def bank(self) -> Path:
        return self.folder / "bank"

    @property
    def run(self) -> Path:
        return self.folder / "run"
