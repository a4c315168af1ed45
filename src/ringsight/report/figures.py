"""The pictures of the report as matplotlib figures, for notebooks and papers.

The report's own layout places everything, so that both show the same. No figure touches pyplot or its state. Names that
a bank gave are shown as they are: no text is read as a formula.
"""

from typing import Any

import networkx as nx
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.patheffects import withStroke
from numpy.typing import NDArray

from ringsight.detection.picture import Picture
from ringsight.detection.results import Results
from ringsight.explain.rows import agreement_of, conditions_of, ring_row
from ringsight.explain.score_steps import Step, StepKind, score_steps
from ringsight.explain.words import bits, signed
from ringsight.records.embeddings import Embeddings
from ringsight.report.calibration import calibration_chart
from ringsight.report.linkgraph import MEMBERS_SHOWN, best_linked_first, link_graph
from ringsight.report.nullchart import HALF, Column, null_chart
from ringsight.report.palette import COLOURS, Paint, paint_of, paints_with
from ringsight.report.spacemap import space_map
from ringsight.report.waterfall import cut_score

DPI = 144
LISTED = 24
"""Rings that are listed beside the map."""
LONGEST = 20
"""Characters of a name in a list beside a picture."""
POINTS = 0.8
"""Points in a unit of the link graph, about."""
INK = {colour.css: colour.light for colour in COLOURS}
"""Colours of the light page."""
HALO = [withStroke(linewidth=2.5, foreground=INK["panel"])]
CUT: dict[str, Any] = {"color": INK["flag"], "linewidth": 1.2, "linestyle": (0, (5, 3))}
CHANCE: dict[str, Any] = {"facecolor": INK["chance"], "edgecolor": INK["edge"], "linewidth": 0.7}
DOTS: dict[bool, dict[str, Any]] = {
    False: {"facecolor": INK["panel"], "edgecolor": INK["soft"], "s": 20, "label": "not flagged"},
    True: {"facecolor": INK["flag"], "edgecolor": INK["panel"], "s": 40, "label": "flagged"},
}
KEY: dict[str, Any] = {"xycoords": "axes fraction", "va": "top", "family": "monospace", "size": 8, "parse_math": False}
"""Of a list beside a picture."""


def waterfall_figure(results: Results, ring_id: str) -> Figure:
    """What a ring's score is made of, step by step, in bits.

    Args:
        results: the detection.
        ring_id: of the ring.

    Raises:
        DataError: if there is no such ring.
    """
    ring = ring_row(results, ring_id)
    steps = score_steps(ring, agreement_of(results, ring_id), conditions_of(results, ring_id))
    picture, axes = blank(7.5, 1.2 + 0.32 * len(steps))
    for row, step in enumerate(steps):
        axes.barh(row, step.bits, left=step.start, height=0.6, **_bar(step))
        words = signed(step.bits) if step.adds else bits(step.bits)
        end = (max(step.start, step.end), row)
        axes.annotate(words, end, (4, 0), textcoords="offset points", va="center", weight="bold", path_effects=HALO)
        if step.adds:
            axes.plot([step.end, step.end], [row - 0.3, row + 1.3], color=INK["soft"], linewidth=0.8, linestyle=":")
    axes.axvline(0, color=INK["soft"], linewidth=0.8)
    cut = cut_score(results)
    if cut is not None:
        axes.axvline(cut, **CUT)
        above, words = ("data", "axes fraction"), f"the list is cut at {bits(cut)}"
        axes.annotate(words, (cut, 1.01), xycoords=above, ha="center", color=INK["flag"], size=8)
    axes.set_yticks(range(len(steps)), [step.label for step in steps], parse_math=False)
    axes.tick_params(axis="y", length=0)
    ends = [0.0, cut or 0.0, *(end for step in steps for end in (step.start, step.end))]
    room = 0.1 * max(max(ends) - min(ends), 1.0)
    axes.set(xlim=(min(ends) - (room if min(ends) < 0 else 0), max(ends) + room), ylim=(len(steps) - 0.4, -0.6))
    axes.set_xlabel("evidence, bits")
    axes.set_title(f"What the score of ring {ring_id} is made of", pad=18, parse_math=False)
    return picture


def null_figure(results: Results) -> Figure:
    """The adjusted score of every ring by its size, over the scores that chance yields; in bits."""
    chart = null_chart(results)
    if chart is None:
        return nothing("No ring was weighed.")
    picture, axes = blank(7.5, 4.6)
    share = chart.drawn_on / chart.column_width
    dots: dict[bool, list[tuple[float, float]]] = {False: [], True: []}
    for at, column in enumerate(chart.columns):
        axes.fill(*_outline(at, column, share * HALF), **CHANCE)
        if column.threshold is not None:
            axes.hlines(column.threshold, at - 0.5, at + 0.5, **CUT)
        for dot in column.dots:
            dots[dot.flagged].append((at + share * dot.offset, max(dot.score, 0.0)))
    kinds = []
    for flagged, style in DOTS.items():
        places = np.array(dots[flagged]).reshape(-1, 2)
        kinds.append(axes.scatter(places[:, 0], places[:, 1], clip_on=False, zorder=3, **style))
    axes.set_xticks(range(len(chart.columns)), [column.label for column in chart.columns])
    axes.set_yticks(chart.ticks)
    axes.grid(axis="y", color=INK["faint"])
    axes.set_axisbelow(True)
    axes.set(xlim=(-0.5, len(chart.columns) - 0.5), ylim=(0, chart.ticks[-1]))
    axes.set(xlabel="members in the ring", ylabel="adjusted score, bits", title="Rings found, and what chance yields")
    chance = Patch(label="chance: width is the logarithm of the count", **CHANCE)
    legend(picture, [*kinds, Line2D([], [], label="lowest score flagged", **CUT), chance])
    return picture


def calibration_figure(results: Results) -> Figure:
    """How well chance was imitated: agreement of groups that touch no flag, in bits, against that of chance.

    A dot for each quantile. Where chance was imitated well, dots lie on the diagonal, within the band of two standard
    deviations over chance worlds.
    """
    chart = calibration_chart(results.calibration)
    if chart is None:
        return nothing("Too few groups touch no flag: nothing can be held against chance.")
    picture, axes = blank(6.6, 5.6)
    axes.fill(*zip(*chart.band, strict=True), **CHANCE, label="chance, two standard deviations to each side")
    axes.plot(chart.ends, chart.ends, color=INK["soft"], linewidth=1, linestyle=(0, (5, 3)), label="as chance has it")
    places = np.array([(each.chance, each.observed) for each in chart.quantiles])
    axes.scatter(places[:, 0], places[:, 1], s=34, color=INK["ink"], zorder=3, label="groups that touch no flag")
    for each, place in zip(chart.quantiles, places, strict=True):
        axes.annotate(each.label, place, (7, -9), textcoords="offset points", size=8, path_effects=HALO)
    axes.set(xlim=chart.ends, ylim=chart.ends, xticks=chart.ticks, yticks=chart.ticks, aspect="equal")
    axes.grid(color=INK["faint"])
    axes.set_axisbelow(True)
    axes.set(xlabel="agreement by chance, bits", ylabel="agreement seen, bits", title="How well chance was imitated")
    legend(picture, axes.get_legend_handles_labels()[0])
    return picture


def link_graph_figure(results: Results, ring_id: str) -> Figure:
    """A ring's links: who is tied to whom, by what most, and how strongly.

    Args:
        results: the detection.
        ring_id: of the ring.

    Raises:
        DataError: if there is no such ring.
    """
    graph = results.graph(ring_id)
    members = best_linked_first(graph)
    drawn = link_graph(graph, results.modalities(), members[:MEMBERS_SHOWN], set(nx.articulation_points(graph)))
    picture, axes = blank(7.0, 5.0)
    for edge in drawn.edges:
        line = _line(edge.paint, edge.thickness * POINTS)
        axes.plot([edge.a.x, edge.b.x], [edge.a.y, edge.b.y], zorder=1, **line)
    for node in drawn.nodes:
        edge_colour, width = (INK["flag"], 2.2) if node.bridge else (INK["ink"], 1.2)
        axes.scatter([node.x], [node.y], 230, INK["panel"], edgecolor=edge_colour, linewidth=width, zorder=2)
        axes.annotate(str(node.number), (node.x, node.y), ha="center", va="center", size=8, zorder=3)
    bare(axes, drawn.width, drawn.height)
    names = [f"{node.number:>2} {_short(node.customer_id)}{' (bridge)' if node.bridge else ''}" for node in drawn.nodes]
    _list_beside(axes, names, len(members))
    axes.set_title(f"Links of ring {ring_id}", parse_math=False)
    axes.set_xlabel("Colour: the evidence that ties the two most. Width: all bits of the link.", size=8)
    used = [paint for paint in paints_with(results.modalities().values()) if paint in {e.paint for e in drawn.edges}]
    legend(picture, [Line2D([], [], label=paint.label, **_line(paint, 3)) for paint in used])
    return picture


def map_figure(results: Results, joint: Embeddings) -> Figure:
    """The joint space in two dimensions: everybody in grey, flagged rings as stars.

    Args:
        results: the detection.
        joint: embeddings of the joint space.
    """
    drawn = space_map(results, joint)
    if drawn is None:
        return nothing("Nobody has a place in the joint space.")
    picture, axes = blank(7.5, 4.8)
    axes.scatter(drawn.others[:, 0], drawn.others[:, 1], s=5, color=INK["others"], linewidth=0)
    for star in drawn.stars:
        for place in star.places:
            axes.plot(*zip(star.centre, place, strict=True), color=INK["flag"], linewidth=0.7, alpha=0.55)
        axes.scatter(star.places[:, 0], star.places[:, 1], s=22, color=INK["flag"], linewidth=0, zorder=2)
    for star in drawn.stars:
        at = (star.x, star.y)
        axes.annotate(str(star.number), at, ha="center", weight="bold", size=9, path_effects=HALO, zorder=3)
    bare(axes, drawn.width, drawn.height)
    rings = [f"{star.number:>2} {_short(star.ring_id)}" for star in drawn.stars]
    _list_beside(axes, rings[:LISTED], len(rings))
    axes.set_title(f"The joint space: {drawn.customers:,} customers by {drawn.method}")
    axes.set_xlabel("Each star joins the members of a flagged ring. Distances decide nothing.", size=8)
    return picture


def blank(width: float, height: float) -> tuple[Picture, Axes]:
    """An empty picture of so many inches."""
    picture = Picture(figsize=(width, height), dpi=DPI, facecolor=INK["panel"], layout="constrained")
    axes = picture.add_subplot(facecolor=INK["panel"])
    axes.spines[["top", "right"]].set_visible(False)
    axes.tick_params(labelsize=9)
    return picture, axes


def nothing(words: str) -> Picture:
    """A picture that says why there is none."""
    picture, axes = blank(7.5, 1.5)
    axes.annotate(words, (0.5, 0.5), xycoords="axes fraction", ha="center", va="center")
    axes.set_axis_off()
    return picture


def bare(axes: Axes, width: float, height: float) -> None:
    """A frame without scales, over units from the top left."""
    axes.set(xlim=(0, width), ylim=(height, 0), xticks=[], yticks=[], aspect="equal")
    axes.spines[:].set_visible(True)
    axes.spines[:].set_color(INK["rule"])


def _list_beside(axes: Axes, lines: list[str], of: int) -> None:
    """What the numbers in a picture stand for."""
    more = [f"and {of - len(lines)} more"] if of > len(lines) else []
    axes.annotate("\n".join([*lines, *more]), (1.02, 1), **KEY)
    axes.set_anchor("W")


def _short(name: str) -> str:
    """A name that leaves room for the picture beside it."""
    return name if len(name) <= LONGEST else f"{name[: LONGEST - 1]}…"


def _bar(step: Step) -> dict[str, Any]:
    colour = paint_of(step.modality).light
    match step.kind:
        case StepKind.proposer:
            return {"facecolor": f"{colour}24", "edgecolor": INK["soft"], "linestyle": (0, (3, 2))}
        case StepKind.source | StepKind.inside:
            return {"facecolor": colour}
        case StepKind.explained:
            return {"facecolor": "none", "edgecolor": INK["flag"], "linewidth": 1.4}
        case StepKind.chance:
            return CHANCE
        case StepKind.score:
            return {"facecolor": INK["ink"]}


def _line(paint: Paint, width: float) -> dict[str, Any]:
    """A link in a paint: its dash is in units of the drawing, matplotlib's in line widths."""
    dash = [] if paint.dash == "none" else [float(part) * POINTS / width for part in paint.dash.split()]
    return {"color": paint.light, "linewidth": width, "linestyle": (0, dash) if dash else "-"}


def _outline(at: int, column: Column, half: float) -> NDArray[np.float64]:
    """What chance yields in a column, mirrored about its middle; x and y, shape (2, points)."""
    right = [(half * band.width, score) for band in column.chance for score in (band.low, band.high)]
    points = [(at + across, score) for across, score in right] + [(at - across, score) for across, score in right[::-1]]
    return np.array(points).reshape(-1, 2).T


def legend(picture: Picture, handles: list[Any]) -> None:
    """Say below a picture what is what."""
    drawn = picture.legend(handles=handles, loc="outside lower center", ncols=4, frameon=False, fontsize=8)
    for text in drawn.get_texts():
        text.set_parse_math(False)
