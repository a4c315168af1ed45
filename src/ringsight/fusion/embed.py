"""From records and a model to embeddings as arrays: where torch ends."""

import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from ringsight.encoders import registered
from ringsight.encoders.note_vectors import unit
from ringsight.encoders.part import Part
from ringsight.errors import ModelError
from ringsight.fusion.blocks import Blocks, all_spaces, side_by_side
from ringsight.fusion.joint import AGAIN, JointSpace, space_of
from ringsight.fusion.settings import FusionKind
from ringsight.fusion.unchanged import Unchanged
from ringsight.records.bank import Bank
from ringsight.records.contract import modalities
from ringsight.records.embeddings import JOINT, Embeddings


def embed_bank(bank: Bank, model: Path, unchanged: Unchanged | None = None) -> dict[str, Embeddings]:
    """Embed a bank in every space that a model has.

    Args:
        bank: to embed.
        model: folder of the model.
        unchanged: customers who are not embedded again; by default everybody is.

    Returns:
        By space: of each modality that the model has an encoder for its learned space and its facets, and `joint`.

    Raises:
        ModelError: if the model is missing, damaged, its parts do not belong together, or two spaces have one name.
    """
    unchanged = unchanged or Unchanged({}, {})
    embeddings = embed_modalities(bank, model, unchanged)
    if (model / JOINT).is_dir():
        joint = unchanged.beside(embed_joint(unchanged.to_join(embeddings), model / JOINT))
        embeddings = by_space([*embeddings.values(), joint])
    return embeddings


def embed_modalities(bank: Bank, model: Path, unchanged: Unchanged | None = None) -> dict[str, Embeddings]:
    """Embed a bank in every space of every modality that a model has an encoder for; by space.

    Raises:
        ModelError: if there is none, one is damaged, or two spaces have one name.
    """
    trained = [encoder for encoder in registered.ENCODERS if (model / encoder.modality).is_dir()]
    if not trained:
        raise ModelError(
            "no trained encoder here", where=str(model), remedy=f"ringsight train bank.path=FOLDER model={model}"
        )
    told, unchanged = bank.telling(), unchanged or Unchanged({}, {})
    made = [
        space
        for encoder in trained
        for space in encoder.embed(unchanged.changed_alone(told, encoder.modality), model / encoder.modality)
    ]
    return by_space([unchanged.beside(each) for each in made])


def by_space(embeddings: Sequence[Embeddings]) -> dict[str, Embeddings]:
    """Embeddings by the names of their spaces, in order.

    Raises:
        ModelError: if two spaces have one name.
    """
    spaces: dict[str, Embeddings] = {}
    for each in embeddings:
        if each.space in spaces:
            raise ModelError(
                f"two spaces are called {each.space!r}: one of {spaces[each.space].modality}, one of {each.modality}",
                remedy="let each encoder name its spaces differently",
            )
        spaces[each.space] = each
    return spaces


def embed_joint(embeddings: Mapping[str, Embeddings], part: Path) -> Embeddings:
    """Bring a bank's modalities together in the joint space.

    Args:
        embeddings: by space, of the encoders that the joint space was trained on.
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
    if FusionKind(trained.settings["kind"]) is FusionKind.joint:
        space = space_of(trained, part)  # before its spaces are looked for: a former version had none
        blocks = all_spaces(embeddings, trained.settings["spaces"])
        vectors = joint_vectors(space, blocks)
    else:
        blocks = side_by_side(embeddings, [name for name in modalities() if name in encoders])
        vectors = _fixed(blocks, trained)
    some = next(iter(embeddings.values()))
    return Embeddings(JOINT, blocks.customer_ids, vectors, trained.hash, some.data_hash)


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


def joint_vectors(space: JointSpace, blocks: Blocks) -> NDArray[np.float32]:
    """Joint embeddings of customers, of length 1; shape (customers, dim)."""
    with torch.inference_mode():
        vectors = [torch.from_numpy(block) for block in blocks.vectors]
        return unit(space.embed(vectors, torch.from_numpy(blocks.present)).numpy())


def _fixed(blocks: Blocks, trained: Part) -> NDArray[np.float32]:
    rows = blocks.side_by_side()
    return unit(rows @ trained.preprocessing["components"] if "components" in trained.preprocessing else rows)
