"""Settings of the store."""

from pathlib import Path

import pytest

from ringsight.errors import SettingsError
from ringsight.vectors.vector_store import IndexKind, StoreConfig, StoreKind


@pytest.mark.parametrize(
    "wrong",
    [
        {"path": Path("vectors.sqlite")},
        {"kind": StoreKind.server},
        {"kind": StoreKind.server, "uri": "milvus:19530"},
        {"kind": StoreKind.server, "uri": "https://root:secret@milvus:19530"},
        {"write_batch": 0},
        {"search_batch": 16_385},
        {"connect_seconds": 0.0},
        {"connect_seconds": float("nan")},
    ],
)
def test_what_makes_no_sense_is_refused(wrong: dict[str, object]):
    with pytest.raises(SettingsError) as caught:
        StoreConfig(**wrong)  # type: ignore[arg-type]
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize("choices", [StoreKind, IndexKind])
def test_choices_are_named_by_their_values(choices: type[StoreKind] | type[IndexKind]):
    assert [choice.name for choice in choices] == [choice.value for choice in choices]
