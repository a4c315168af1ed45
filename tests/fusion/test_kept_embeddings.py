"""Embeddings that a run has are taken again only where the same records say something."""

from dataclasses import replace
from pathlib import Path

import polars as pl
import pytest

from ringsight.pipeline.embed import embed
from ringsight.records.bank import Bank
from ringsight.records.passed_over import PASSED_OVER
from ringsight.runs.run import Run

pytestmark = pytest.mark.slow


def test_what_is_passed_over_now_is_not_taken_from_embeddings_made_before(
    bank: Bank, model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = Run(tmp_path)
    before = embed(bank, model, into=run)
    with monkeypatch.context() as context:
        context.setattr("ringsight.fusion.embed.embed_bank", lambda *_: pytest.fail("embedded again"))
        assert set(embed(bank, model, into=run)) == set(before)
    silent, customer = bank.id_images.select("image_id", "customer_id").row(0)
    row = {"modality": "id_images", "record": silent, "reason": "shows nothing"}
    masked = replace(bank, passed_over=pl.DataFrame([row], schema=PASSED_OVER))
    after = embed(masked, model, into=run)
    assert customer in before["id_images"].customer_ids
    for space in ("id_images", "border", "card", "light"):
        assert customer not in after[space].customer_ids
    assert customer in after["joint"].customer_ids
    assert customer in embed(bank, model, into=run)["id_images"].customer_ids
