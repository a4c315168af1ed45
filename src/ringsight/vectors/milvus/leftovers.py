"""What Milvus Lite leaves of a collection when it is killed while it makes or drops one.

It never reads such a folder again and cannot make a collection of that name, and what is in it may have been erased.
"""

import json
import shutil
from pathlib import Path

from ringsight.vectors.milvus.collection import Collection


def remove_remains(path: Path) -> None:
    """Remove the folders of collections without a schema, and of those discarded; the store must not be open."""
    for folder in sorted(path.glob("collections/*/")):
        if _is_remains(folder / "schema.json"):
            shutil.rmtree(folder)


def _is_remains(schema: Path) -> bool:
    if not schema.is_file():
        return True
    try:
        return Collection.is_discarded(json.loads(schema.read_text(encoding="utf-8")))
    except ValueError:
        return False  # Milvus Lite says what is wrong with it
