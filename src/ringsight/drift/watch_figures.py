"""The pictures of a watched night as matplotlib figures, for notebooks and papers."""

import numpy as np
from matplotlib.figure import Figure

from ringsight.drift.watched import Watched
from ringsight.errors import SettingsError
from ringsight.explain.words import spoken
from ringsight.report.figures import INK, bare, blank, legend, nothing
from ringsight.report.palette import NEUTRAL, PAINTS

SHOWN = 20
"""Shifts that are drawn."""
HUES = (*(paint.light for paint in (*PAINTS, NEUTRAL)), INK["flag"])
MARKERS = "osD^vP"
"""Colour never stands alone."""


def shift_figure(watched: Watched) -> Figure:
    """How far columns and spaces have moved beyond chance, the surest first; alarms are filled."""
    rows = watched.shifts.filter(watched.shifts["p_value"].is_not_null()).head(SHOWN)
    if rows.is_empty():
        return nothing("Nothing has moved that could be held against chance.")
    picture, axes = blank(7.5, 1.4 + 0.28 * len(rows))
    names = [
        f"{spoken(row['name'])}, {spoken(row['table'])}: {row['what']}, {row['group']}"
        for row in rows.iter_rows(named=True)
    ]
    for alarm, label in ((False, "no alarm"), (True, "alarm")):
        at = np.flatnonzero(rows["alarm"].to_numpy() == alarm)
        axes.hlines(at, 0, rows["effect"].to_numpy()[at], color=INK["rule"], linewidth=1)
        fill = INK["flag"] if alarm else INK["panel"]
        edge = INK["flag"] if alarm else INK["soft"]
        axes.scatter(rows["effect"].to_numpy()[at], at, s=34, facecolor=fill, edgecolor=edge, zorder=3, label=label)
    axes.set_yticks(range(len(rows)), names, parse_math=False)
    axes.set(ylim=(len(rows) - 0.4, -0.6), xlim=(0, None), xlabel="moved, beyond chance (0 to 1)")
    axes.set_title("What has shifted since the reference")
    legend(picture, axes.get_legend_handles_labels()[0])
    return picture


def watch_map_figure(watched: Watched, by: str = "segment") -> Figure:
    """The space on the map, coloured.

    Args:
        watched: the night.
        by: `segment`, `ring`, `time` or `night`.

    Raises:
        SettingsError: if the map knows no such colouring.
    """
    drawn = watched.map
    if drawn is None:
        return nothing("There is no map of this night.")
    if by not in drawn.labels:
        raise SettingsError(f"no colours by {by!r}", remedy=f"choose one of {', '.join(drawn.labels)}")
    picture, axes = blank(7.5, 5.4)
    places, panels = drawn.places[drawn.method], [panel for panel in drawn.panels if panel.kind == by]
    axes.scatter(places[:, 0], places[:, 1], s=6, color=INK["chance"], linewidth=0, label="all others")
    for panel, hue, marker in zip(panels, HUES, MARKERS, strict=False):
        at = places[panel.marked]
        axes.scatter(at[:, 0], at[:, 1], s=12, color=hue, marker=marker, linewidth=0, label=panel.name, alpha=0.8)
    bare(axes, float(places[:, 0].max()) + 18, float(places[:, 1].max()) + 18)
    trust = drawn.trust[-1]
    axes.set_title(f"The space {spoken(drawn.space)} by {drawn.method}, by {by}", parse_math=False)
    axes.set_xlabel(f"{trust.kept:.0%} of the nearest are still nearest (by lot {trust.chance:.0%}).", size=8)
    legend(picture, axes.get_legend_handles_labels()[0])
    return picture
