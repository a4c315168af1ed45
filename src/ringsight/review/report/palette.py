"""The colours of the four kinds of evidence: the same in every picture, on light and on dark.

Three hues that stay apart in the common forms of colour blindness, and ink for exact matches. Each reaches 3:1
against the page. Colour never stands alone: bars keep this order, links have a dash of their own.
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
