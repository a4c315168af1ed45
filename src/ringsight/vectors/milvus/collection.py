"""A collection of ours in Milvus: its name, columns, index and properties."""

from dataclasses import asdict, dataclass, fields
from typing import Any, Self

import numpy as np
from pymilvus import DataType, MilvusClient

from ringsight.records.contract import STORED_BYTES, STORED_TEXTS
from ringsight.vectors.scalars import NUMBERS
from ringsight.vectors.vector_store import IndexKind

PREFIX = "ringsight."


@dataclass(frozen=True, slots=True)
class Collection:
    """A collection of ours: what Milvus tells of it, and what we keep in its properties."""

    name: str
    dim: int
    space: str
    model_hash: str
    data_hash: str
    index: IndexKind
    content: str = ""
    """Hash of what was last written in full; empty while it is half written."""
    writing: str = ""
    """Hash of what is being written, or was when it was cut off."""
    written: int = 0
    """Rows of it that Milvus has acknowledged."""
    generation: int = 0
    """Of two collections of one space and model the higher one counts; the other is about to be dropped."""

    @staticmethod
    def name_for(space: str, model_hash: str, generation: int = 0) -> str:
        """What such a collection is called."""
        return f"{space}_{model_hash[:12]}" + (f"_{generation}" if generation else "")

    @staticmethod
    def is_ours(description: dict[str, Any]) -> bool:
        """Whether ringsight made it and keeps it; others in the same database are left alone."""
        return bool(description.get("properties", {}).get(f"{PREFIX}space"))

    @staticmethod
    def is_discarded(description: dict[str, Any]) -> bool:
        """Whether ringsight made it, and either has not finished or is about to drop it."""
        return bool(description.get("properties", {}).get(f"{PREFIX}space") == "")

    @classmethod
    def described(cls, description: dict[str, Any]) -> Self:
        """From what Milvus says of one of ours."""
        said = description["properties"]
        kept = {field.name: said[PREFIX + field.name] for field in fields(cls) if PREFIX + field.name in said}
        kept |= {name: int(kept[name]) for name in ("written", "generation") if name in kept}
        vector = next(field for field in description["fields"] if field["name"] == "vector")
        return cls(
            name=description["collection_name"],
            dim=int(vector["params"]["dim"]),
            **kept | {"index": IndexKind(kept["index"])},
        )

    def properties(self) -> dict[str, str]:
        """What we keep in Milvus beside the vectors."""
        told = asdict(self)
        del told["name"], told["dim"]
        return our_properties(**told)


DISCARDED = {f"{PREFIX}space": ""}
"""Properties of a collection that does not count."""


def our_properties(**properties: str | int) -> dict[str, str]:
    """Properties under names that no other program uses."""
    return {PREFIX + key: str(value) for key, value in properties.items()}


def schema(dim: int) -> Any:  # noqa: ANN401 - pymilvus is untyped
    """Columns of every collection: the customer, the vector, and scalars to filter by."""
    columns = MilvusClient.create_schema(auto_id=False, enable_dynamic_field=False)
    columns.add_field("customer_id", DataType.VARCHAR, is_primary=True, max_length=STORED_BYTES)
    columns.add_field("vector", DataType.FLOAT_VECTOR, dim=dim)
    for name in STORED_TEXTS:
        columns.add_field(name, DataType.VARCHAR, max_length=STORED_BYTES)
    for name in NUMBERS:
        columns.add_field(name, DataType.INT64)
    return columns


def index(kind: IndexKind, rows: int) -> Any:  # noqa: ANN401 - pymilvus is untyped
    """Parameters of the index on the vectors of a collection of about so many rows."""
    match kind:
        case IndexKind.flat | IndexKind.autoindex:
            params = {}
        case IndexKind.hnsw:
            params = {"M": 16, "efConstruction": 200}
        case IndexKind.ivf_flat:
            params = {"nlist": int(np.clip(4 * np.sqrt(rows), 1, 65_536))}
    made = MilvusClient.prepare_index_params()
    made.add_index("vector", index_name="vector", index_type=kind.value.upper(), metric_type="IP", params=params)
    return made


def effort(index: IndexKind, depth: int, filtered: bool) -> dict[str, int]:
    """How hard an index looks: HNSW misses most of a narrow filter's customers at its usual 64."""
    match index:
        case IndexKind.flat | IndexKind.autoindex:
            return {}
        case IndexKind.hnsw:
            return {"ef": max(400 if filtered else 64, 2 * depth)}
        case IndexKind.ivf_flat:
            return {"nprobe": 64}
