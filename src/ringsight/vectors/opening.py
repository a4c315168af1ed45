"""Opening a vector store, of whichever kind the settings name."""

from ringsight.errors import StoreError
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


def open_filled(config: StoreConfig) -> VectorStore:
    """Open a store that is there already; none is made.

    Raises:
        StoreError: if it is not there, in use or unreachable.
    """
    if config.kind is StoreKind.lite and not (config.path and config.path.is_dir()):
        raise StoreError(
            "there is no vector store",
            where=str(config.path),
            remedy="name the run by out=FOLDER, or the store: store.path=FOLDER.db, or store=server store.uri=ADDRESS",
        )
    return open_store(config)
