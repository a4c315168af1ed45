"""Opening a vector store, of whichever kind the settings name."""

from ringsight.vectors.vector_store import StoreConfig, StoreKind, VectorStore


def open_store(config: StoreConfig) -> VectorStore:
    """Open a store, made on first use.

    Raises:
        SettingsError: if `store.path` is missing for Milvus Lite.
        StoreError: if the store is in use, unreachable or damaged.
    """
    match config.kind:
        case StoreKind.memory:
            from ringsight.vectors.memory import MemoryStore

            return MemoryStore()
        case StoreKind.lite | StoreKind.server:
            from ringsight.vectors.milvus import MilvusStore

            return MilvusStore(config)
