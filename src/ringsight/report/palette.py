"""Every colour of the report and of the analysts' pages, on light and on dark; `palette.css` makes variables of them.

The hues of evidence stay apart in the common forms of colour blindness, and each reaches 3:1 against the page. Colour
never stands alone: bars keep the order of the paints, and links have a dash of their own.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace

from ringsight.explain.words import spoken


@dataclass(frozen=True, slots=True)
class Paint:
    """How the evidence of one modality looks; all spaces of the modality share it."""

    modality: str
    """Empty for the values of entity columns."""
    label: str
    """What people call it."""
    css: str
    """The class and the CSS variable that carry the colour."""
    light: str
    """Colour on the light page."""
    dark: str
    """Colour on the dark page."""
    dash: str
    """SVG stroke-dasharray of a link in which it is strongest."""


PAINTS = (
    Paint("transactions", spoken("transactions"), "transactions", light="#1a5bab", dark="#62b0f2", dash="none"),
    Paint("notes", spoken("notes"), "notes", light="#c4530a", dark="#f3924a", dash="9 4"),
    Paint("id_images", spoken("id_images"), "id-images", light="#0b8a6a", dark="#34c9a0", dash="3 3"),
    Paint("", "shared values", "entities", light="#4a535d", dark="#c3cbd3", dash="10 3 2 3"),
)
"""In the order in which bars are stacked."""
NEUTRAL = Paint("", "other evidence", "neutral", light="#84618f", dark="#c3a2d1", dash="6 3 2 3 2 3")
"""For modalities that have no paint of their own."""


def paint_of(modality: str) -> Paint:
    """The paint of a modality; where it has none, the neutral one under its name."""
    own = {paint.modality: paint for paint in PAINTS}
    return own.get(modality) or replace(NEUTRAL, modality=modality, label=spoken(modality))


def paints_with(modalities: Iterable[str]) -> tuple[Paint, ...]:
    """`PAINTS`, then those of the other modalities given, by name."""
    others = set(modalities).difference(paint.modality for paint in PAINTS)
    return (*PAINTS, *(paint_of(modality) for modality in sorted(others)))


@dataclass(frozen=True, slots=True)
class Colour:
    """A colour of the page itself."""

    css: str
    """The CSS variable that carries it."""
    light: str
    dark: str


COLOURS = (
    Colour("paper", "#fbfaf7", "#12161a"),
    Colour("panel", "#ffffff", "#191e23"),
    Colour("rule", "#dedbd2", "#323a42"),
    Colour("faint", "#f1efe8", "#222930"),
    Colour("field", "#86898a", "#74808b"),
    Colour("ink", "#1b2228", "#e7eaec"),
    Colour("soft", "#55606a", "#a3aeb8"),
    Colour("flag", "#b0123f", "#ff7d9c"),
    Colour("chance", "#d3d1c9", "#39424a"),
    Colour("edge", "#86898a", "#74808b"),
    Colour("others", "#8f9494", "#6c7783"),
    Colour("mark", "#fbe7a6", "#5c4a12"),
    Colour("on-ink", "#ffffff", "#12161a"),
    Colour("outline", "#b0123f", "#b0123f"),
    *(Colour(paint.css, paint.light, paint.dark) for paint in (*PAINTS, NEUTRAL)),
)
"""`outline` lies on photographs, which are as light by night as by day."""
