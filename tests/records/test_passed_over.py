"""Pictures that say nothing have no vector: they are counted, and everybody else's stay as they were."""

import io
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from PIL import Image, ImageDraw, ImageFilter

from ringsight.errors import SettingsError
from ringsight.records.bank import Bank, BankConfig
from ringsight.records.passed_over import PASSED_OVER, SHOWS_NOTHING, counted
from ringsight.records.reading import describe, read_bank
from ringsight.testing import write_tiny_bank

BOUND = 5
NOTICE = Image.new("RGB", (320, 200), (225, 225, 225))
ImageDraw.Draw(NOTICE).text((90, 95), "no document on file", fill=(120, 120, 120), font_size=20)


def card(number: int) -> Image.Image:
    """Cards of one template: the same frame and headline, another portrait and other lines."""
    rng = np.random.default_rng(number)
    image = Image.new("RGB", (320, 200), (200, 210, 190))
    draw = ImageDraw.Draw(image)
    draw.rectangle((4, 4, 315, 195), outline=(90, 90, 90), width=4)
    draw.text((20, 10), "IDENTITY CARD", fill=(30, 30, 30), font_size=20)
    face = Image.fromarray(rng.integers(0, 255, (8, 6), dtype=np.uint8)).resize((96, 128), Image.Resampling.BICUBIC)
    image.paste(face, (20, 50))
    for line in range(6):
        draw.rectangle((140, 60 + 20 * line, int(rng.integers(180, 300)), 68 + 20 * line), fill=(40, 40, 40))
    return image


def bank_with(folder: Path, pictures: list[Image.Image], **settings: float) -> Bank:
    """Customer after customer with one of the pictures; none is written as another is."""
    write_tiny_bank(folder, customers=max(2 * len(pictures), 20))
    rows = []
    for number, picture in enumerate(pictures):
        form, told = [("JPEG", {"quality": 95}), ("JPEG", {"quality": 60}), ("PNG", {}), ("WEBP", {"quality": 80})][
            number % 4
        ]
        stream = io.BytesIO()
        picture.save(stream, form, **told)
        (folder / f"p{number:02}").write_bytes(stream.getvalue())
        rows.append((f"C{number:02}", f"I{number:02}", f"p{number:02}"))
    pl.DataFrame(rows, schema=["customer_id", "image_id", "path"], orient="row").write_csv(folder / "id_images.csv")
    return read_bank(BankConfig(path=folder, **{"most_carriers": BOUND} | settings))  # type: ignore[arg-type]


def silent(bank: Bank) -> set[int]:
    return {int(name[1:]) for name in bank.passed_over["record"]}


def test_a_placeholder_on_many_customers_is_passed_over_and_said(tmp_path: Path) -> None:
    shapes = [NOTICE, NOTICE.resize((240, 150)), NOTICE.filter(ImageFilter.GaussianBlur(1))]
    pictures = [card(number) for number in range(10)] + [shapes[number % 3] for number in range(BOUND + 1)]
    bank = bank_with(tmp_path / "bank", pictures)
    assert silent(bank) == set(range(10, 10 + BOUND + 1))
    assert dict(bank.passed_over.schema) == PASSED_OVER
    assert counted(bank.passed_over) == {"id_images": {f"one picture on {BOUND + 1} customers": BOUND + 1}}
    assert f"passed over of id_images, as if absent: {BOUND + 1} (one picture on" in describe(bank)
    assert len(bank.id_images) == 16
    assert set(bank.telling().id_images["image_id"]) == {f"I{number:02}" for number in range(10)}
    assert bank.telling().data_hash == bank.data_hash


def test_a_ring_that_shares_a_forged_picture_keeps_it(tmp_path: Path) -> None:
    assert silent(bank_with(tmp_path / "bank", [card(0)] * BOUND)) == set()


def test_many_cards_of_one_template_are_not_one_picture(tmp_path: Path) -> None:
    assert silent(bank_with(tmp_path / "bank", [card(number) for number in range(24)])) == set()


def test_one_customer_with_many_copies_is_not_many(tmp_path: Path) -> None:
    folder = tmp_path / "bank"
    bank_with(folder, [card(0)] * BOUND)
    table = pl.read_csv(folder / "id_images.csv")
    more = table.with_columns(image_id=pl.col("image_id") + "again")
    pl.concat([table, more]).write_csv(folder / "id_images.csv")
    assert silent(read_bank(BankConfig(path=folder, most_carriers=BOUND))) == set()


def test_two_placeholders_are_counted_each(tmp_path: Path) -> None:
    other = NOTICE.transpose(Image.Transpose.ROTATE_180).transpose(Image.Transpose.FLIP_TOP_BOTTOM)
    ImageDraw.Draw(other).rectangle((10, 10, 200, 60), fill=(0, 0, 0))
    bank = bank_with(tmp_path / "bank", [NOTICE] * (BOUND + 1) + [other] * (BOUND + 2))
    assert sorted(counted(bank.passed_over)["id_images"]) == [
        f"one picture on {BOUND + 1} customers",
        f"one picture on {BOUND + 2} customers",
    ]


@pytest.mark.parametrize("shade", [0, 128, 255])
def test_a_blank_scan_shows_nothing_whatever_its_grain(tmp_path: Path, shade: int) -> None:
    grain = np.random.default_rng(0).normal(shade, 12, (200, 320))
    blank = Image.fromarray(np.clip(grain, 0, 255).astype(np.uint8))
    bank = bank_with(tmp_path / "bank", [blank, card(1), Image.new("RGB", (9, 9), (shade, shade, shade))])
    assert silent(bank) == {0, 2}
    assert counted(bank.passed_over) == {"id_images": {SHOWS_NOTHING: 2}}


def test_both_can_be_switched_off(tmp_path: Path) -> None:
    pictures = [Image.new("RGB", (9, 9))] * (BOUND + 1)
    assert silent(bank_with(tmp_path / "bank", pictures, least_contrast=0, most_carriers=100)) == set()


@pytest.mark.parametrize("settings", [{"least_contrast": -1}, {"most_carriers": 1}])
def test_a_bound_out_of_range_is_refused(settings: dict[str, float]) -> None:
    with pytest.raises(SettingsError, match=next(iter(settings))):
        BankConfig(path=Path(), **settings)  # type: ignore[arg-type]


def test_a_bank_read_again_passes_over_the_same_without_opening_a_picture(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bank = bank_with(tmp_path / "bank", [NOTICE] * (BOUND + 1) + [Image.new("L", (9, 9))])
    monkeypatch.setattr("ringsight.records.picture_openers.PictureOpeners.open", lambda *_: pytest.fail("decoded"))
    assert bank.read_as is not None
    again = read_bank(bank.read_as, seen=bank.files)
    assert again.passed_over.equals(bank.passed_over)
    assert len(again.passed_over) == BOUND + 2


def test_a_bank_without_pictures_passes_over_none(tmp_path: Path) -> None:
    write_tiny_bank(tmp_path / "bank")
    (tmp_path / "bank" / "id_images.csv").unlink()
    bank = read_bank(BankConfig(path=tmp_path / "bank"))
    assert bank.passed_over.is_empty()
    assert bank.telling() is bank


def test_a_placeholder_of_a_whole_bank_is_counted_in_full(tmp_path: Path) -> None:
    """The words of the reason are not cut to the length of another's."""
    folder = write_tiny_bank(tmp_path / "bank", customers=1100)
    NOTICE.save(folder / "notice.png")
    customers = pl.read_csv(folder / "customers.csv")["customer_id"]
    pl.DataFrame({"customer_id": customers, "image_id": "I" + customers, "path": ["notice.png"] * 1100}).write_csv(
        folder / "id_images.csv"
    )
    bank = read_bank(BankConfig(path=folder))
    assert counted(bank.passed_over) == {"id_images": {"one picture on 1,100 customers": 1100}}
