"""The pictures as figures: they show what the report shows, touch no pyplot, and take names as they are."""

import io
from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise

import matplotlib as mpl
import numpy as np
import polars as pl
import pytest
from bank_of_records import link_table
from four_rings import RING, results_of_four_rings
from matplotlib.axes import Axes
from matplotlib.colors import to_hex
from matplotlib.figure import Figure
from matplotlib.patches import Polygon, Rectangle
from PIL import Image

from ringsight.detection.results import MEMBERS, NULL, Results
from ringsight.errors import DataError
from ringsight.explain.rows import agreement_of, conditions_of, ring_row
from ringsight.explain.score_steps import StepKind, score_steps
from ringsight.records.embeddings import JOINT, Embeddings
from ringsight.report import figures
from ringsight.report.figures import calibration_figure, link_graph_figure, map_figure, null_figure, waterfall_figure
from ringsight.report.linkgraph import MEMBERS_SHOWN
from ringsight.report.nullchart import null_chart
from ringsight.report.palette import PAINTS, paint_of
from ringsight.report.spacemap import space_map
from ringsight.report.waterfall import cut_score

IDS = [*"abcdefghijklmnopqrstuvwxyz", *(f"z{number:02}" for number in range(14))]
HOSTILE = r"$\frac{1}{0$ <b>_^"


@pytest.fixture(scope="module")
def results() -> Results:
    null = pl.DataFrame([(i % 20, 3 + i % 2, 1.0 + i % 7) for i in range(200)], NULL, orient="row")
    return replace(results_of_four_rings(), null=null)


@pytest.fixture(scope="module")
def joint() -> Embeddings:
    vectors = np.random.default_rng(0).normal(size=(len(IDS), 8)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    return Embeddings(space=JOINT, customer_ids=np.array(IDS), vectors=vectors, model_hash="m", data_hash="d")


def axes_of(figure: Figure) -> Axes:
    [axes] = figure.axes
    return axes


def words_of(figure: Figure) -> list[str]:
    figure.canvas.draw()
    texts = figure.findobj(mpl.text.Text)
    return [text.get_text() for text in texts if text.get_text() and text.get_visible()]


def renamed(results: Results, ring_id: str) -> Results:
    tables = {name: getattr(results, name) for name in ("rings", "members", "links", "agreement", "conditions")}
    return replace(
        results,
        **{name: table.with_columns(pl.col("ring_id").replace("Rflag", ring_id)) for name, table in tables.items()},
    )


def empty(results: Results) -> Results:
    tables = ("rings", "members", "links", "agreement", "conditions", "null", "calibration")
    return replace(results, **{name: getattr(results, name)[:0] for name in tables})


Draw = Callable[[Results, Embeddings], Figure]
EVERY: dict[str, Draw] = {
    "waterfall": lambda results, _: waterfall_figure(results, "Rflag"),
    "calibration": lambda results, _: calibration_figure(results),
    "null": lambda results, _: null_figure(results),
    "links": lambda results, _: link_graph_figure(results, "Rflag"),
    "map": map_figure,
}


@pytest.fixture(params=list(EVERY.values()), ids=list(EVERY))
def draw(request: pytest.FixtureRequest) -> Draw:
    found: Draw = request.param
    return found


@pytest.mark.slow
def test_a_notebook_gets_a_picture_of_a_readable_size(draw: Draw, results: Results, joint: Embeddings):
    figure = draw(results, joint)
    assert isinstance(figure, Figure)
    with Image.open(io.BytesIO(figure._repr_png_())) as image:  # type: ignore[attr-defined]
        assert image.format == "PNG"
        assert 900 <= image.width <= 1200
        assert len(image.convert("RGB").getcolors(1 << 24) or []) > 10
    sizes = [float(text.get_fontsize()) for text in figure.findobj(mpl.text.Text) if text.get_text()]
    assert min(sizes) >= 8


@pytest.mark.slow
def test_pyplot_has_no_part_in_it(draw: Draw, results: Results, joint: Embeddings):
    import matplotlib.pyplot as plt

    mpl.use("agg")
    before = mpl.rcParams.copy()
    draw(results, joint).savefig(io.BytesIO())
    assert plt.get_fignums() == []
    assert mpl.rcParams == before


@pytest.mark.slow
def test_the_same_results_give_the_same_picture(draw: Draw, results: Results, joint: Embeddings):
    once, again = (draw(results, joint)._repr_png_() for _ in range(2))  # type: ignore[attr-defined]
    assert once == again


@pytest.mark.parametrize("figure", [waterfall_figure, link_graph_figure])
def test_a_ring_that_is_not_there_is_refused_by_name(figure: Callable[[Results, str], Figure], results: Results):
    for given in (results, empty(results)):
        with pytest.raises(DataError, match="no ring 'Rnone'"):
            figure(given, "Rnone")


def test_a_bar_of_the_waterfall_for_each_step(results: Results):
    axes = axes_of(waterfall_figure(results, "Rflag"))
    steps = score_steps(ring_row(results, "Rflag"), agreement_of(results, "Rflag"), conditions_of(results, "Rflag"))
    assert len(axes.patches) == len(steps) == 8
    for bar, step in zip(axes.patches, steps, strict=True):
        assert isinstance(bar, Rectangle)
        assert sorted((bar.get_x(), bar.get_x() + bar.get_width())) == pytest.approx(sorted((step.start, step.end)))
    assert [label.get_text() for label in axes.get_yticklabels()] == [step.label for step in steps]
    assert axes.yaxis_inverted()
    assert axes.get_xlabel() == "evidence, bits"
    counted = {
        to_hex(bar.get_facecolor())
        for bar, step in zip(axes.patches, steps, strict=True)
        if step.kind is StepKind.source
    }
    assert counted == {paint_of("transactions").light, paint_of("").light, paint_of("id_images").light}
    low, high = axes.get_xlim()
    assert all(low <= end <= high for step in steps for end in (step.start, step.end))


def test_the_waterfall_says_its_figures_and_where_the_list_is_cut(results: Results):
    words = words_of(waterfall_figure(results, "Rflag"))
    assert cut_score(results) == 11.5
    assert {"9.0", "+20.0", "+5.2", "19.0", "the list is cut at 11.5"} <= set(words)
    unflagged = replace(results, rings=results.rings.with_columns(flagged=pl.lit(value=False), held=pl.lit("")))
    assert not any("cut" in each for each in words_of(waterfall_figure(unflagged, "Rflag")))


def test_a_ring_without_evidence_has_a_waterfall_of_its_score_alone(results: Results):
    axes = axes_of(waterfall_figure(results, "Rpass"))
    assert [label.get_text() for label in axes.get_yticklabels()] == ["inside notes", "what chance finds", "score"]


def test_a_dot_for_each_ring_over_what_chance_yields(results: Results):
    axes, chart = axes_of(null_figure(results)), null_chart(results)
    assert chart is not None
    passed, flagged = (np.asarray(dots.get_offsets()) for dots in axes.collections[-2:])
    assert sorted(flagged[:, 1]) == [11.5, 19.0]  # that of the ring held among them
    assert sorted(passed[:, 1]) == [1.1, 1.5]
    assert (
        [label.get_text() for label in axes.get_xticklabels()]
        == [column.label for column in chart.columns]
        == ["3", "4"]
    )
    assert axes.get_ylabel() == "adjusted score, bits"
    assert axes.get_ylim() == (0, chart.ticks[-1])
    assert len(axes.patches) == 2
    for at, outline in enumerate(axes.patches):
        assert isinstance(outline, Polygon)
        x, y = outline.get_xy().T
        assert (x.min() + x.max()) / 2 == pytest.approx(at)
        assert (y.min(), y.max()) == (chart.columns[at].chance[0].low, chart.columns[at].chance[-1].high)


def test_one_ring_and_no_null_make_one_column(results: Results):
    axes = axes_of(null_figure(replace(results, rings=results.rings[:1], null=results.null[:0])))
    assert [label.get_text() for label in axes.get_xticklabels()] == ["4"]
    assert [len(np.asarray(dots.get_offsets())) for dots in axes.collections[-2:]] == [0, 1]


def test_a_line_for_each_link_and_a_circle_for_each_member(results: Results):
    figure = link_graph_figure(results, "Rflag")
    axes = axes_of(figure)
    assert len(axes.lines) == results.graph("Rflag").number_of_edges() == 4
    assert len(axes.collections) == len(RING)
    widths = [line.get_linewidth() for line in axes.lines]
    assert widths == sorted(widths)  # the strongest lie above
    assert to_hex(axes.lines[-1].get_color()) == paint_of("notes").light
    assert {to_hex(line.get_color()) for line in axes.lines[:-1]} == {paint_of("transactions").light}
    listed = next(words for words in words_of(figure) if "\n" in words)
    assert [line.split()[1] for line in listed.splitlines()] == ["a", "b", "c", "d"]
    assert [line.split()[1] for line in listed.splitlines() if "bridge" in line] == ["c"]
    assert [text.get_text() for text in figure.legends[0].get_texts()] == ["transactions", "notes"]


def test_spaces_of_a_modality_share_its_paint(results: Results):
    links = link_table([("Rflag", "a", "b", {"amounts": 4.0, "rhythm": 3.0, "notes": 5.0})])
    spaces = pl.DataFrame(
        [("Rflag", name, "space", "transactions", 3, 1.0, "across") for name in ("amounts", "rhythm")],
        results.agreement.schema,
        orient="row",
    )
    figure = link_graph_figure(replace(results, links=links, agreement=pl.concat([results.agreement, spaces])), "Rflag")
    [line] = axes_of(figure).lines
    assert to_hex(line.get_color()) == paint_of("transactions").light  # 7 bits against 5
    assert [text.get_text() for text in figure.legends[0].get_texts()] == ["transactions"]


def test_a_ring_of_many_shows_the_best_linked_and_says_how_many_more(results: Results):
    many = [f"m{number:02}" for number in range(40)]
    members = pl.DataFrame([("Rflag", name, 0.001, 0.002, "fits") for name in many], MEMBERS, orient="row")
    links = link_table(("Rflag", a, b, {"notes": 40.0 - number}) for number, (a, b) in enumerate(pairwise(many)))
    figure = link_graph_figure(replace(results, members=members, links=links), "Rflag")
    assert len(axes_of(figure).collections) == MEMBERS_SHOWN
    assert len(axes_of(figure).lines) == MEMBERS_SHOWN - 1
    assert any(words.endswith("and 10 more") for words in words_of(figure))


def test_a_ring_without_links_is_drawn_all_the_same(results: Results):
    axes = axes_of(link_graph_figure(results, "Rpass"))
    assert (len(axes.lines), len(axes.collections)) == (0, 3)


def test_a_dot_for_each_customer_of_the_map(results: Results, joint: Embeddings):
    figure = map_figure(results, joint)
    drawn = space_map(results, joint)
    assert drawn is not None
    others, star = (np.asarray(dots.get_offsets()) for dots in axes_of(figure).collections)
    assert np.array_equal(others, drawn.others)
    assert (len(others), len(star)) == (len(IDS) - 4, 4)
    assert len(axes_of(figure).lines) == 4  # from the middle to each member
    assert " 1 Rflag" in words_of(figure)
    assert "40 customers by t-SNE" in axes_of(figure).get_title()


def test_where_there_is_nothing_the_figure_says_so(results: Results, joint: Embeddings):
    nobody = Embeddings(JOINT, joint.customer_ids[:0], joint.vectors[:0], "m", "d")
    assert words_of(map_figure(results, nobody)) == ["Nobody has a place in the joint space."]
    assert words_of(null_figure(empty(results))) == ["No ring was weighed."]
    assert words_of(calibration_figure(empty(results))) == [
        "Too few groups touch no flag: nothing can be held against chance."
    ]
    assert len(axes_of(map_figure(empty(results), joint)).collections) == 1


def test_a_dot_for_each_quantile_against_chance(results: Results):
    axes = axes_of(calibration_figure(results))
    [dots] = axes.collections
    assert np.asarray(dots.get_offsets()).tolist() == [[1.9, 2.0], [4.0, 4.5]]  # by chance, and seen
    assert {"median", "90%"} <= {text.get_text() for text in axes.texts}
    [band] = axes.patches
    assert isinstance(band, Polygon)
    assert {tuple(corner) for corner in band.get_xy()} == {(1.9, 2.1), (1.9, 1.7), (4.0, 4.4), (4.0, 3.6)}
    [diagonal] = axes.lines
    assert (
        tuple(np.asarray(diagonal.get_xdata()))
        == tuple(np.asarray(diagonal.get_ydata()))
        == axes.get_xlim()
        == axes.get_ylim()
    )
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("agreement by chance, bits", "agreement seen, bits")


def test_names_of_a_bank_are_no_formulas(draw: Draw, results: Results, joint: Embeddings):
    hostile = renamed(results, HOSTILE)
    hostile = replace(
        hostile,
        members=hostile.members.with_columns(pl.col("customer_id").replace("a", HOSTILE)),
        links=hostile.links.with_columns(pl.col("customer_a").replace("a", HOSTILE)),
        agreement=hostile.agreement.with_columns(
            pl.col("source", "modality").replace("notes", HOSTILE.replace("$", "$ $"))
        ),
    )
    hostile = replace(
        hostile, links=hostile.links.with_columns(pl.col("source").replace("notes", HOSTILE.replace("$", "$ $")))
    )
    draws: dict[Draw, Draw] = {
        EVERY["waterfall"]: lambda results, _: waterfall_figure(results, HOSTILE),
        EVERY["links"]: lambda results, _: link_graph_figure(results, HOSTILE),
    }
    figure = draws.get(draw, draw)(hostile, joint)
    words = " ".join(words_of(figure))  # drawing them is what would fail
    assert HOSTILE[:15] in words or draw in (EVERY["null"], EVERY["calibration"])


def test_all_paints_have_a_line_of_their_own():
    styles = {str(figures._line(paint, 3.0)["linestyle"]) for paint in PAINTS}
    assert len(styles) == len(PAINTS)
