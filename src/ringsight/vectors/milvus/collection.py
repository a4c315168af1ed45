"""A collection of ours in Milvus: its name, columns, index and properties, and how to ask for some of its rows."""

import json
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from pymilvus import DataType, MilvusClient

from ringsight.records.embeddings import Embeddings
from ringsight.vectors.scalars import MAX_BYTES, NUMBERS, TEXT
from ringsight.vectors.store import IndexKind

PREFIX = "ringsight."
PROPERTIES = ("space", "model_hash", "data_hash", "content", "index")


@dataclass(frozen=True, slots=True)
class Collection:
    """A collection, as Milvus describes it."""

    name: str
    dim: int
    in_use: bool
    """The alias of the space points here."""
    space: str
    model_hash: str
    data_hash: str
    content: str
    """Hash of what was last written in full; empty while it is half written."""
    index: IndexKind

    @staticmethod
    def name_for(embeddings: Embeddings) -> str:
        """The collection that the embeddings belong to."""
        return f"{embeddings.space}_{embeddings.model_hash[:12]}"

    @staticmethod
    def is_ours(description: dict[str, Any]) -> bool:
        """Whether ringsight made it; others in the same database are left alone."""
        return f"{PREFIX}space" in description.get("properties", {})

    @classmethod
    def described(cls, description: dict[str, Any], used: set[str]) -> Self:
        """From what Milvus says of one of ours, and the names of collections that an alias points to."""
        said = {key: description["properties"][PREFIX + key] for key in PROPERTIES}
        vector = next(field for field in description["fields"] if field["name"] == "vector")
        return cls(
            name=description["collection_name"],
            dim=int(vector["params"]["dim"]),
            in_use=description["collection_name"] in used,
            **said | {"index": IndexKind(said["index"])},
        )


def our_properties(**properties: str) -> dict[str, str]:
    """Properties under names that no other program uses."""
    return {PREFIX + key: value for key, value in properties.items()}


def schema(dim: int) -> Any:  # noqa: ANN401 - pymilvus is untyped
    """Columns of every collection: the customer, the vector, and scalars to filter by."""
    columns = MilvusClient.create_schema(auto_id=False, enable_dynamic_field=False)
    columns.add_field("customer_id", DataType.VARCHAR, is_primary=True, max_length=MAX_BYTES)
    columns.add_field("vector", DataType.FLOAT_VECTOR, dim=dim)
    for name in TEXT:
        columns.add_field(name, DataType.VARCHAR, max_length=MAX_BYTES)
    for name in NUMBERS:
        columns.add_field(name, DataType.INT64)
    return columns


def one_of(column: str, values: list[str] | list[int]) -> str:
    """An expression in Milvus's language; its literals are those of JSON, but for escapes by code point."""
    return f"{column} in {json.dumps(values, ensure_ascii=False)}"


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
