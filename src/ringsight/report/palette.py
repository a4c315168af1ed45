"""Every colour of the report and of the analysts' pages, on light and on dark; `palette.css` makes variables of them.

Evidence has three hues that stay apart in the common forms of colour blindness, and ink for exact matches. Each reaches
3:1 against the page. Colour never stands alone: bars keep this order, links have a dash of their own.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Paint:
    """How one kind of evidence looks."""

    column: str
    """The column of the links that holds its bits."""
    label: str
    """What people call it."""
    light: str
    """Colour on the light page."""
    dark: str
    """Colour on the dark page."""
    dash: str
    """SVG stroke-dasharray of a link in which it is strongest."""

    @property
    def css(self) -> str:
        """The class and the CSS variable that carry the colour."""
        return self.column.removeprefix("bits_").replace("_", "-")


PAINTS = (
    Paint("bits_transactions", "transactions", light="#1a5bab", dark="#62b0f2", dash="none"),
    Paint("bits_notes", "notes", light="#c4530a", dark="#f3924a", dash="9 4"),
    Paint("bits_id_images", "ID images", light="#0b8a6a", dark="#34c9a0", dash="3 3"),
    Paint("bits_entities", "shared values", light="#4a535d", dark="#c3cbd3", dash="10 3 2 3"),
)
"""In the order in which bars are stacked."""


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
    *(Colour(paint.css, paint.light, paint.dark) for paint in PAINTS),
)
"""`outline` lies on photographs, which are as light by night as by day."""
