"""From settings and a seed to a bank's folder: draw everybody, tie those who are alike, write the records."""

import os
from datetime import UTC
from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray

from ringsight.errors import DataError
from ringsight.records.synthetic.entities import draw_entities
from ringsight.records.synthetic.id_images import Looks, draw_looks, write_images
from ringsight.records.synthetic.latent_segments import LatentSegments, draw_latent_segments
from ringsight.records.synthetic.notes import draw_voices, notes_table
from ringsight.records.synthetic.people import END, Group, GroupKind, People, draw_people
from ringsight.records.synthetic.rings import PlantedRing, draw_rings
from ringsight.records.synthetic.settings import SyntheticBankConfig
from ringsight.records.synthetic.traits import Traits
from ringsight.records.synthetic.transactions import Routines, draw_routines, transactions_table
from ringsight.records.synthetic.truth import write_latent_segments, write_truth
from ringsight.records.writing import write_folder_atomically


def generate_bank(config: SyntheticBankConfig, seed: int, into: Path | str) -> None:
    """Write a synthetic bank in the columns of the data contract, with its truth, into the folder `into`.

    The folder appears whole or not at all, replaces an earlier synthetic bank, and is the same to the byte
    for the same config and seed.

    Args:
        config: how large it is, and what is hidden in it.
        seed: of every draw.
        into: the folder.

    Raises:
        DataError: if `into` is a file, or a folder that holds anything but an earlier synthetic bank.
    """
    into = Path(into)
    _refuse_foreign(into)
    draws = [np.random.default_rng(child) for child in np.random.SeedSequence(seed).spawn(8)]
    people = draw_people(config, draws[0])
    rings = draw_rings(config, people, draws[1])
    routines = draw_routines(config.customers, config, draws[2])
    voices, looks = draw_voices(config.customers, draws[3]), draw_looks(config.customers, draws[4])
    latent = draw_latent_segments(config, draws[7])
    latent.tie_routines(routines, latent.of_customers)
    latent.tie_voices(voices, latent.of_customers)
    latent.tie_looks(looks, latent.of_customers)
    _tie_everyday(people.groups, config, routines, looks, draws[5])
    _tie_rings(rings, config, (routines, voices, looks), latent, draws[5])
    with write_folder_atomically(into) as folder:
        customers = _customers_table(people, draw_entities(people, rings, draws[5]))
        customers.sample(fraction=1, shuffle=True, seed=int(draws[5].integers(2**31))).write_csv(
            folder / "customers.csv"
        )
        transactions_table(config, people, routines, draws[2]).write_parquet(folder / "transactions.parquet")
        notes, templated = notes_table(config, people, voices, draws[3])
        notes.write_csv(folder / "call_notes.csv")
        write_images(folder, people, looks, draws[4]).write_csv(folder / "id_images.csv")
        write_truth(folder, people, rings, [*people.groups, *templated], draws[6])
        if config.latent:
            write_latent_segments(folder, people, latent.of_customers)
        _set_times(folder)


def _refuse_foreign(into: Path) -> None:
    if into.is_dir() and (not any(into.iterdir()) or (into / "truth" / "rings.json").is_file()):
        return
    if into.exists():
        raise DataError(
            "this is not a synthetic bank, and is left as it is",
            where=str(into),
            remedy="name a folder that does not exist yet, or an earlier synthetic bank",
        )


def _tie_everyday(
    groups: list[Group], config: SyntheticBankConfig, routines: Routines, looks: Looks, rng: np.random.Generator
) -> None:
    """Make the members of everyday groups alike, in place, in what such people share."""
    for group in groups:
        routine, look = draw_routines(1, config, rng), draw_looks(1, rng)
        match group.kind:
            case GroupKind.household:
                routines.local.tie(group.members, routine.local, 0.5, rng)
                looks.scenes.tie(group.members, look.scenes, 0.4, rng)
            case GroupKind.dormitory:
                routines.local.tie(group.members, routine.local, 0.7, rng)
            case GroupKind.twins:
                looks.faces.tie(group.members, look.faces, 0.95, rng)
            case GroupKind.photo_booth:
                looks.scenes.tie(group.members, look.scenes, 0.9, rng)
            case GroupKind.employer | GroupKind.campaign | GroupKind.agent_template:
                pass  # alike by the table of customers, or by the agent, alone


def _tie_rings(
    rings: list[PlantedRing],
    config: SyntheticBankConfig,
    traits: tuple[Routines, Traits, Looks],
    latent: LatentSegments,
    rng: np.random.Generator,
) -> None:
    """Give the members of each ring part of one hand's traits, in place, in the traces that it ties.

    The hand belongs to a latent segment as everybody does: what members show is then no rarer than what others do.
    """
    routines, voices, looks = traits
    for ring in rings:
        share = ring.strength.share
        segment = latent.of_a_hand()
        look, routine = draw_looks(1, rng), draw_routines(1, config, rng)
        latent.tie_looks(look, segment)
        latent.tie_routines(routine, segment)
        routines.habits.tie(ring.tied_in("transactions"), routine.habits, share, rng)
        voice = draw_voices(1, rng)
        latent.tie_voices(voice, segment)
        voices.tie(ring.tied_in("notes"), voice, share, rng)
        for shown, hand in ((looks.scenes, look.scenes), (looks.faces, look.faces), (looks.layouts, look.layouts)):
            shown.tie(ring.tied_in("id_images"), hand, share, rng)


def _customers_table(people: People, entities: dict[str, NDArray[np.str_]]) -> pl.DataFrame:
    """The customers table; what is not known is empty."""
    employers = [people.employer_names[number] if number >= 0 else None for number in people.employer]
    frame = pl.DataFrame(
        {
            "customer_id": people.customer_id,
            "opened_at": pl.Series(people.opened_at(), dtype=pl.Datetime("ms")),
            "segment": people.segment,
            "region": people.region,
            "branch": people.branch,
            "onboarding": people.onboarding,
            "employer": employers,
            "address": people.address,
            "name": np.char.add(np.char.add(people.first_name, " "), people.surname),
            "birth_year": people.born.astype("datetime64[D]").astype("datetime64[Y]").astype(np.int64) + 1970,
            "sex": people.sex,
            "language": people.language,
            **entities,
        }
    )
    return frame.with_columns(pl.col("device_id").replace("", None))


def _set_times(folder: Path) -> None:
    """Give every file and folder one time, so that it tells nothing."""
    moment = END.replace(tzinfo=UTC).timestamp()
    for path in [*folder.rglob("*"), folder]:
        os.utime(path, (moment, moment))
