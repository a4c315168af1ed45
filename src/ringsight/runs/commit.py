"""Which commit of ringsight a run was made by, where it runs from a checkout."""

import shutil
import subprocess
from functools import lru_cache
from pathlib import Path

PATIENCE = 10
"""Seconds that git may take."""


@lru_cache(maxsize=1)
def commit() -> str:
    """The hash, with `-dirty` where files were changed since; empty where there is no checkout, or no git."""
    return commit_of(Path(__file__).parent)


def commit_of(folder: Path) -> str:
    """The same of the checkout that a folder lies in; files that git does not know do not count."""
    git = shutil.which("git")
    if git is None:
        return ""
    words = [git, "-C", str(folder), "describe", "--always", "--dirty", "--abbrev=40", "--exclude=*"]
    try:
        told = subprocess.run(words, capture_output=True, text=True, timeout=PATIENCE, check=False)  # noqa: S603
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return told.stdout.strip() if told.returncode == 0 else ""
