"""From records and a model to embeddings as arrays: where torch ends."""

import hashlib
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from ringsight.encoders.id_images import embed_id_images
from ringsight.encoders.note_vectors import unit
from ringsight.encoders.notes import embed_notes
from ringsight.encoders.part import Part
from ringsight.encoders.transactions import embed_transactions
from ringsight.errors import ModelError
from ringsight.fusion.blocks import Blocks, side_by_side
from ringsight.fusion.joint import AGAIN, space_of
from ringsight.fusion.settings import FusionKind
from ringsight.records.bank import Bank, Modality
from ringsight.records.embeddings import JOINT, Embeddings


def embed_bank(bank: Bank, model: Path) -> dict[str, Embeddings]:
    """Embed a bank in every space that a model has.

    Returns:
        By space: the modalities that the model has, and `joint`.

    Raises:
        ModelError: if the model is missing, damaged, or its parts do not belong together.
    """
    embeddings = embed_modalities(bank, model)
    if (model / JOINT).is_dir():
        embeddings[JOINT] = embed_joint(embeddings, model / JOINT)
    return embeddings


def embed_modalities(bank: Bank, model: Path) -> dict[str, Embeddings]:
    """Embed a bank in every modality that a model has an encoder for.

    Raises:
        ModelError: if there is none, or one is damaged.
    """
    embed = {
        Modality.transactions: embed_transactions,
        Modality.notes: embed_notes,
        Modality.id_images: embed_id_images,
    }
    embeddings = {
        modality.value: embed[modality](bank, model / modality) for modality in Modality if (model / modality).is_dir()
    }
    if not embeddings:
        raise ModelError(
            "no trained encoder here", where=str(model), remedy=f"ringsight train bank.path=FOLDER model={model}"
        )
    return embeddings


def embed_joint(embeddings: Mapping[str, Embeddings], part: Path) -> Embeddings:
    """Bring a bank's modalities together in the joint space.

    Args:
        embeddings: by modality, of the encoders that the joint space was trained on.
        part: folder of the joint part.

    Raises:
        ModelError: if the part is missing or damaged, or the embeddings are of other encoders.
    """
    trained = Part.read(part, JOINT)
    encoders: dict[str, str] = trained.settings["encoders"]
    for name, expected in encoders.items():
        found = embeddings[name].model_hash if name in embeddings else "none"
        if found != expected:
            raise ModelError(
                f"the joint space stands on the {name} encoder {expected[:12]}, but the embeddings are of {found[:12]}",
                where=str(part),
                remedy=AGAIN,
            )
    blocks = side_by_side(embeddings, [name for name in Modality if name in encoders])
    some = next(iter(embeddings.values()))
    return Embeddings(JOINT, blocks.customer_ids, _together(blocks, trained, part), trained.hash, some.data_hash)


def model_hash(model: Path) -> str:
    """SHA-256 over the hashes of all parts of a model.

    Raises:
        ModelError: if a part is missing its hash.
    """
    parts = sorted(path.parent for path in model.glob("[!.]*/hash"))
    if not parts:
        raise ModelError("no trained part here", where=str(model), remedy="ringsight train bank.path=FOLDER")
    digest = hashlib.sha256()
    for part in parts:
        digest.update(f"{part.name} {(part / 'hash').read_text(encoding='ascii')}".encode())
    return digest.hexdigest()


def _together(blocks: Blocks, trained: Part, part: Path) -> NDArray[np.float32]:
    match FusionKind(trained.settings["kind"]):
        case FusionKind.joint:
            space = space_of(trained, part)
            with torch.inference_mode():
                vectors = [torch.from_numpy(block) for block in blocks.vectors]
                return unit(space.embed(vectors, torch.from_numpy(blocks.present)).numpy())
        case FusionKind.early:
            return unit(blocks.side_by_side() @ trained.preprocessing["components"])
        case FusionKind.late:
            return unit(blocks.side_by_side())
