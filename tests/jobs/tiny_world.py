"""The command as a user calls it, and a folder in which it was called."""

import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

PROGRAM = Path(sys.executable).with_name("ringsight")


def ringsight(*words: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run([PROGRAM, *words], capture_output=True, text=True, cwd=cwd, check=False, timeout=900)


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
