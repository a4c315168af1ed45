"""Vectors in Milvus; the only importer of pymilvus."""

from ringsight.vectors.milvus.store import MilvusStore

__all__ = ["MilvusStore"]
