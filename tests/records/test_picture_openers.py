"""What a picture may take, and what becomes of one that takes more: each test fails without its bound."""

import io
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from PIL import Image

from ringsight.records.picture_openers import CHILD, OpeningBounds, PictureOpener, PictureOpeners

pytestmark = pytest.mark.slow

MANY = 50_000_000
CARD = Image.effect_noise((64, 40), 60).convert("RGB")
PATCHED = """
import os, resource, socket, sys, time
sys.modules |= dict.fromkeys({without!r}.split())
from ringsight.records import picture_child

card = {card!r}

def harmful(content, most_pixels):
    if content != b"harm":
        return harmless(content, most_pixels)
    {harm}

harmless, picture_child.small_copy = picture_child.small_copy, harmful
picture_child.main()
"""


def encoded(image: Image.Image, form: str, **told: object) -> bytes:
    stream = io.BytesIO()
    image.save(stream, form, **told)
    return stream.getvalue()


@pytest.fixture
def opener_of(tmp_path: Path) -> Iterator[Callable[..., PictureOpener]]:
    """Makes openers whose child does something on the content `harm`, and is without some modules."""
    made = []

    def make(harm: str, without: str = "", **bounds: float) -> PictureOpener:
        program = tmp_path / "child.py"
        text = PATCHED.format(harm=harm, card=encoded(CARD, "PNG"), without=without)
        program.write_text(text, encoding="utf-8")
        made.append(PictureOpener(OpeningBounds(**bounds), program))  # type: ignore[arg-type]
        return made[-1]

    yield make
    for each in made:
        each.close()


def opens_the_next(opener: PictureOpener) -> bool:
    return isinstance(opener.open(encoded(CARD, "PNG"), MANY), Image.Image)


@pytest.mark.parametrize("form", ["WEBP", "PNG"])
def test_a_small_file_that_asks_for_much_memory_is_set_aside(
    opener_of: Callable[..., PictureOpener], form: str
) -> None:
    flood = encoded(Image.new("RGB", (6900, 6900), (3, 4, 5)), form, **({"lossless": True} if form == "WEBP" else {}))
    assert len(flood) < 200_000
    opener = opener_of("pass", memory=160 << 20)
    assert opener.open(flood, MANY) == "needs more than 160 MiB of memory to open"
    assert opens_the_next(opener)


@pytest.mark.parametrize("told", [{"lossless": True}, {"quality": 1}, {"lossless": True, "exif": b"Exif\0\0"}])
def test_a_flood_of_pixels_in_a_webp_is_told_as_one(
    opener_of: Callable[..., PictureOpener], told: dict[str, object]
) -> None:
    opener = opener_of("pass", memory=160 << 20)
    flood = encoded(Image.new("RGB", (8000, 8000), (3, 4, 5)), "WEBP", **told)
    assert opener.open(flood, MANY) == "more than 50000000 pixels"
    assert opener.open(flood[:20], MANY) == "damaged image"


def test_this_process_is_not_bounded_by_what_its_children_may_take(opener_of: Callable[..., PictureOpener]) -> None:
    opener = opener_of("return harmless(b'x' * (1 << 28), 1)", memory=160 << 20)
    assert opener.open(b"harm", MANY) == "needs more than 160 MiB of memory to open"
    assert len(bytearray(1 << 28)) == 1 << 28


def test_a_decoder_that_never_ends_is_ended(opener_of: Callable[..., PictureOpener]) -> None:
    opener = opener_of("while True: pass", cpu_seconds=0.3)
    begun = time.monotonic()
    assert opener.open(b"harm", MANY) == "takes longer than 0.3 seconds to open"
    assert time.monotonic() - begun < 30
    assert opens_the_next(opener)


def test_a_decoder_that_sleeps_is_ended(opener_of: Callable[..., PictureOpener]) -> None:
    opener = opener_of("time.sleep(1000)", wall_seconds=1)
    assert opener.open(b"harm", MANY).startswith("takes longer than")  # type: ignore[union-attr]
    assert opens_the_next(opener)


@pytest.mark.parametrize("harm", ["os.abort()", "os._exit(0)", "os.kill(os.getpid(), 11)", "raise SystemExit(3)"])
def test_a_child_that_dies_is_replaced(opener_of: Callable[..., PictureOpener], harm: str) -> None:
    opener = opener_of(harm)
    assert opener.open(b"harm", MANY) == "ends the program that opens it"
    assert opens_the_next(opener)


@pytest.mark.parametrize(
    "harm",
    [
        "os.write(1, b'\\xff\\0\\0\\0\\0')",  # no fault has this number
        "os.write(1, b'\\0\\xff\\xff\\xff\\xff')",  # larger than any copy
        "os.write(1, b'\\0\\x02\\x58\\0\\x0a' + bytes(18000))",  # whole, and larger than any copy
        "os.write(1, b'\\0\\0\\0\\0\\0')",  # no pixels
        "os.write(1, b'\\0\\0\\x09\\0\\x09' + bytes(17)); os._exit(0)",  # fewer pixels than said
    ],
)
def test_nothing_that_a_child_says_is_believed_but_pixels(opener_of: Callable[..., PictureOpener], harm: str) -> None:
    opener = opener_of(harm)
    assert opener.open(b"harm", MANY) == "ends the program that opens it"
    assert opens_the_next(opener)


REFUSED = """
    try:
        {attempt}
    except OSError:
        return harmless(card, most_pixels)
    os.abort()
"""


@pytest.mark.parametrize(
    "attempt",
    [
        "socket.socket()",
        "os.close(2); socket.socket()",
        "open('/etc/passwd')",
        "open(os.devnull, 'w')",
        "os.pipe()",
    ],
)
def test_a_child_opens_no_file_and_no_connection(opener_of: Callable[..., PictureOpener], attempt: str) -> None:
    opener = opener_of(REFUSED.format(attempt=attempt).strip())
    assert isinstance(opener.open(b"harm", MANY), Image.Image)


@pytest.mark.parametrize("bound", ["CORE", "FSIZE", "NPROC", "NOFILE"])
def test_a_child_has_nothing_left_of_what_it_does_not_need(opener_of: Callable[..., PictureOpener], bound: str) -> None:
    """Root may do more than some of these bounds allow, so that nothing would show but the bound itself."""
    opener = opener_of(f"assert resource.getrlimit(resource.RLIMIT_{bound}) == (0, 0); return harmless(card, 5000)")
    assert isinstance(opener.open(b"harm", MANY), Image.Image)


HEIC = (Path(__file__).parents[1] / "data" / "pictures" / "card.heic").read_bytes()
"""A quarter red, a quarter blue, 96 by 64."""


def test_heic_is_opened_where_its_extra_is_installed(opener_of: Callable[..., PictureOpener]) -> None:
    pytest.importorskip("pi_heif", reason="the extra heic is not installed")
    opener = opener_of("pass")
    copy = opener.open(HEIC, MANY)
    assert isinstance(copy, Image.Image) and copy.size == (96, 64)
    (red, _, _), (_, _, blue) = copy.getpixel((10, 10)), copy.getpixel((80, 50))  # type: ignore[misc]
    assert min(red, blue) > 150
    assert opener.open(HEIC, 96 * 64 - 1) == f"more than {96 * 64 - 1} pixels"
    assert opener.open(HEIC[:300], MANY) == "damaged image"
    assert opens_the_next(opener)


def test_the_first_page_of_a_pdf_is_drawn_where_its_extra_is_installed(
    opener_of: Callable[..., PictureOpener],
) -> None:
    pytest.importorskip("pypdfium2", reason="the extra pdf is not installed")
    opener = opener_of("pass")
    pages = encoded(Image.new("RGB", (3000, 1500), (200, 20, 20)), "PDF", save_all=True, append_images=[CARD])
    copy = opener.open(pages, MANY)
    assert isinstance(copy, Image.Image) and copy.size == (512, 256)
    assert copy.getpixel((256, 128))[0] > 150  # type: ignore[index]
    assert opener.open(pages[:200], MANY) == "damaged image"
    assert opens_the_next(opener)


@pytest.mark.parametrize(("content", "extra"), [(HEIC, "heic"), (b"%PDF-1.7", "pdf")])
def test_without_its_extra_a_file_is_told_what_it_takes(
    opener_of: Callable[..., PictureOpener], content: bytes, extra: str
) -> None:
    opener = opener_of("pass", without="pi_heif pypdfium2")
    assert f"pip install 'ringsight[{extra}]'" in str(opener.open(content, MANY))
    assert opens_the_next(opener)


def test_who_interrupts_this_process_at_a_terminal_does_not_interrupt_a_picture(
    opener_of: Callable[..., PictureOpener],
) -> None:
    opener = opener_of("assert os.getsid(0) == os.getpid(); return harmless(card, 5000)")
    assert isinstance(opener.open(b"harm", MANY), Image.Image)


def test_a_child_knows_nothing_of_the_environment(
    opener_of: Callable[..., PictureOpener], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RINGSIGHT_MILVUS_TOKEN", "secret")
    opener = opener_of("return harmless(b'' if 'secret' in str(os.environ) else card, most_pixels)")
    assert isinstance(opener.open(b"harm", MANY), Image.Image)


def test_a_child_ends_with_its_parent() -> None:
    program = (
        "import os; from ringsight.records.picture_openers import PictureOpener\n"
        f"opener = PictureOpener(); opener.open({encoded(CARD, 'PNG')!r}, 10**6)\n"
        "print(opener._process.pid, flush=True); os._exit(0)"
    )
    told = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout
    for _ in range(100):
        try:
            os.kill(int(told), 0)
        except ProcessLookupError:
            return
        if Path(f"/proc/{int(told)}/stat").read_text("utf-8").split()[2] == "Z":
            return  # ended, and nobody has asked for how
        time.sleep(0.1)
    raise AssertionError("the child is still there")


def test_many_threads_are_answered_each_with_its_own() -> None:
    from concurrent.futures import ThreadPoolExecutor

    openers = PictureOpeners(2)
    files = [encoded(Image.new("RGB", (9, 9), (number, 0, 0)), "PNG") for number in range(40)]
    files[7] = b"no picture"
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda content: openers.open(content, MANY), files))
    openers.close()
    assert [each if isinstance(each, str) else each.getpixel((0, 0)) for each in found] == [
        (number, 0, 0) if number != 7 else "none of JPEG, PNG, TIFF, BMP, WEBP, PPM" for number in range(40)
    ]


def test_the_program_is_part_of_the_package() -> None:
    assert CHILD.is_file()
    assert CHILD.name == "picture_child.py"
