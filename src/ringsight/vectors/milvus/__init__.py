"""Vectors in Milvus; the only importer of pymilvus.

pymilvus reads a stray `.env` of the working directory into the environment when it is imported, and gRPC writes to
standard error what reaches us as an exception: both are told not to, before the first import.
"""

import os

os.environ["PYTHON_DOTENV_DISABLED"] = "1"
os.environ.setdefault("GRPC_VERBOSITY", "NONE")

from ringsight.vectors.milvus.milvus_store import MilvusStore

__all__ = ["MilvusStore"]
