"""What was found of a night is kept for the next start, and taken where the night is the same."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from live_world import live_world

from ringsight.online import live_graph, night_space
from ringsight.online.kept_night import KeptNight
from ringsight.online.live_graph import LiveGraph
from ringsight.online.live_space import LiveSpace
from ringsight.records.embeddings import Embeddings
from ringsight.runs.erasure import erase_embeddings
from ringsight.runs.run import Run

WORLD = live_world()


def told(graph: LiveGraph) -> object:
    newcomer = next(iter(WORLD.arrivals))
    graph.put(newcomer, WORLD.arrivals[newcomer])
    ties = graph.ties_of_night
    return (
        graph.ties(),
        graph.links_of(newcomer),
        ties.bound,
        ties.expected,
        [each.tolist() for each in ties.chance_rings],
    )


def test_a_second_start_takes_what_the_first_one_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    night = replace(WORLD.night, kept=KeptNight(tmp_path))
    first = told(LiveGraph(night))
    assert first == told(LiveGraph(WORLD.night))
    with monkeypatch.context() as patched:
        patched.setattr(night_space, "self_neighbours", None)
        patched.setattr(live_graph, "ties_of_night", None)
        assert told(LiveGraph(night)) == first


def test_another_night_and_a_damaged_file_are_found_out_anew(tmp_path: Path) -> None:
    night = replace(WORLD.night, kept=KeptNight(tmp_path))
    LiveGraph(night)
    notes = night.embeddings["notes"]
    turned = replace(notes, vectors=np.roll(notes.vectors, 1, axis=1))
    other = replace(night, embeddings={**night.embeddings, "notes": turned, "amounts": notes}, kept=KeptNight())
    assert told(LiveGraph(replace(other, kept=KeptNight(tmp_path)))) == told(LiveGraph(other))
    for file in tmp_path.iterdir():
        file.write_bytes(b"broken")
    assert told(LiveGraph(night)) == told(LiveGraph(WORLD.night))


def test_where_nothing_can_be_written_the_night_is_served_all_the_same(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    night = replace(WORLD.night, kept=KeptNight(tmp_path / "file" / "live"))
    assert told(LiveGraph(night)) == told(LiveGraph(WORLD.night))


@pytest.mark.parametrize("heavy_tail", [False, True])
def test_a_newcomers_nearest_are_exact_however_similarities_are_spread(heavy_tail: bool) -> None:
    rng = np.random.default_rng(0)
    vectors = rng.standard_normal((5000, 8))
    if heavy_tail:  # half of all are nearly one, and no tail is normal
        vectors[:2500] = vectors[0] + 0.01 * rng.standard_normal((2500, 8))
    vectors = (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)
    ids = np.array([f"C{number:04d}" for number in range(4900)])
    space = LiveSpace(Embeddings("notes", ids, vectors[:4900], "m", "d"), np.arange(4900), 20)
    for number, vector in enumerate(vectors[[0, 1, 4950, 4999]], start=6000):
        space.put(number, vector)
        exact = np.sort((vectors[:4900].astype(np.float64) @ vector.astype(np.float64)).round(6))[::-1][:20]
        np.testing.assert_allclose(space.standing_of(vector, number).kept[0], exact, atol=1e-6)


def test_an_erasure_leaves_nothing_of_what_followed_from_the_vector(tmp_path: Path) -> None:
    run = Run(tmp_path)
    run.write_embeddings(WORLD.night.embeddings)
    LiveGraph(replace(WORLD.night, kept=KeptNight(run.paths.live)))
    assert erase_embeddings(run.paths, "nobody") == 0
    assert any(run.paths.live.iterdir())
    assert erase_embeddings(run.paths, str(WORLD.night.customer_ids[0])) > 0
    assert not run.paths.live.exists()
