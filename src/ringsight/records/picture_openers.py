"""Child processes that open pictures (`picture_child`), and what becomes of one that does not answer as it should."""

import atexit
import json
import os
import signal
import subprocess
import sys
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from queue import LifoQueue
from threading import Event, Timer

from PIL import Image

from ringsight.records import picture_child
from ringsight.records.picture_child import ANSWER, FORMATS, LONGEST, REQUEST, Fault
from ringsight.workers import workers

CHILD = Path(picture_child.__file__)
MOST = 4
"""Child processes at once: together they may take 2 GiB, and a picture of a usual size takes a millisecond."""
MOST_BYTES = 256 << 20
"""A larger file is not read."""


@dataclass(frozen=True, slots=True)
class OpeningBounds:
    """What a child process may take for one picture."""

    memory: int = 512 << 20
    """Bytes of address space; a picture of 50 million pixels fits, a WebP of 25 million."""
    cpu_seconds: float = 20
    wall_seconds: float = 200
    """For a child that waits and does not compute; ample, so that a busy machine changes no result."""


class PictureOpener:
    """One child process; it is started when it is first asked, and replaced when it has ended."""

    def __init__(self, bounds: OpeningBounds | None = None, child: Path = CHILD) -> None:
        """Name the bounds, and the program that runs in the child."""
        self.bounds = bounds or OpeningBounds()
        self._child = child
        self._process: subprocess.Popen[bytes] | None = None

    def open(self, content: bytes, most_pixels: int) -> Image.Image | str:
        """A small copy of a picture in RGB, or why there is none.

        Args:
            content: of the file.
            most_pixels: bound on width times height.
        """
        process = self._started()
        late = Event()
        watch = Timer(self.bounds.wall_seconds, _end, (process, late))
        watch.daemon = True
        watch.start()
        try:
            answer = _exchanged(process, content, most_pixels)
            if answer is Fault.memory:
                self.close()  # the next picture is to have all of the memory
            return _told(answer, most_pixels, self.bounds) if isinstance(answer, Fault) else answer
        except _Silent:
            self.close()
            if process.returncode == -signal.SIGPROF or late.is_set():
                return f"takes longer than {self.bounds.cpu_seconds:g} seconds to open"
            return "ends the program that opens it"
        finally:
            watch.cancel()

    def close(self) -> None:
        """End the child process."""
        process, self._process = self._process, None
        if process is not None:
            for pipe in (process.stdin, process.stdout):
                if pipe is not None:
                    with suppress(BrokenPipeError):
                        pipe.close()
            with suppress(subprocess.TimeoutExpired):
                process.wait(0.5)
            process.kill()
            process.wait()

    def _started(self) -> "subprocess.Popen[bytes]":
        if self._process is None or self._process.poll() is not None:
            self.close()
            self._process = subprocess.Popen(  # noqa: S603 - our own program
                [sys.executable, "-s", "-P", str(self._child), json.dumps(asdict(self.bounds))],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                env=_environment(),
                start_new_session=True,  # whoever interrupts this process at a terminal does not mean a picture
            )
        return self._process


def _end(process: "subprocess.Popen[bytes]", late: Event) -> None:
    """End a child that took too long."""
    late.set()
    process.kill()


def _environment() -> dict[str, str]:
    """What a child finds Pillow by; nothing else of this process's environment, which may hold tokens."""
    libraries = {name: os.environ[name] for name in ("LD_LIBRARY_PATH",) if name in os.environ}
    return libraries | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path)), "PYTHONDONTWRITEBYTECODE": "1"}


class _Silent(Exception):  # noqa: N818 - what became of a child
    """Raised where a child did not answer as the protocol says."""


def _exchanged(process: "subprocess.Popen[bytes]", content: bytes, most_pixels: int) -> Image.Image | Fault:
    """Ask a child and hear its answer; nothing that it says is believed but pixels, and no more than are asked for."""
    assert process.stdin is not None and process.stdout is not None  # noqa: S101 - it was started with both
    try:
        process.stdin.write(REQUEST.pack(most_pixels, len(content)))
        process.stdin.write(content)
        process.stdin.flush()
    except OSError as error:
        raise _Silent from error
    answer = process.stdout.read(ANSWER.size)
    if len(answer) < ANSWER.size:
        raise _Silent
    number, width, height = ANSWER.unpack(answer)
    if number not in set(Fault) or max(width, height) > LONGEST:
        raise _Silent
    if number != Fault.none:
        return Fault(number)
    pixels = process.stdout.read(width * height * 3)
    if not pixels or len(pixels) < width * height * 3:
        raise _Silent
    return Image.frombytes("RGB", (width, height), pixels)


def _told(fault: Fault, most_pixels: int, bounds: OpeningBounds) -> str:
    """A fault as the quarantine has it."""
    texts = {
        Fault.unknown: f"none of {', '.join(FORMATS)}",
        Fault.pixels: f"more than {most_pixels} pixels",
        Fault.memory: f"needs more than {bounds.memory >> 20} MiB of memory to open",
        Fault.damaged: "damaged image",
        Fault.broken_off: "damaged image, the file breaks off",
        Fault.animated: "animated image",
        Fault.colours: "damaged image, or colours that are none of grey, RGB, CMYK and palette",
        Fault.heic: "a HEIC image: pip install 'ringsight[heic]', or export it as JPEG",
        Fault.pdf: "a PDF: pip install 'ringsight[pdf]', or export its page as JPEG or PNG",
    }
    return texts[fault]


class PictureOpeners:
    """Some child processes at work at once; whoever asks waits until one is free."""

    def __init__(self, count: int) -> None:
        """Allow `count` of them; each is started when it is first needed."""
        self.count = count
        self._free: LifoQueue[PictureOpener] = LifoQueue()
        self._all = [PictureOpener() for _ in range(count)]
        for opener in self._all:
            self._free.put(opener)

    def open(self, content: bytes, most_pixels: int) -> Image.Image | str:
        """As `PictureOpener.open`; may be called from several threads."""
        opener = self._free.get()
        try:
            return opener.open(content, most_pixels)
        finally:
            self._free.put(opener)

    def close(self) -> None:
        """End the child processes."""
        for opener in self._all:
            opener.close()


_OPENERS: dict[int, PictureOpeners] = {}
"""Process -> its openers: a process that was forked must not speak with its parent's children."""


def openers() -> PictureOpeners:
    """The child processes of this process, as many as there are workers and at most `MOST`; they go when it ends."""
    if os.getpid() not in _OPENERS:
        _OPENERS.clear()
        _OPENERS[os.getpid()] = PictureOpeners(min(workers(), MOST))
    return _OPENERS[os.getpid()]


@atexit.register
def close() -> None:
    """End the child processes of this process, if there are any."""
    started = _OPENERS.pop(os.getpid(), None)
    if started is not None:
        started.close()
