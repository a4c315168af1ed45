"""Names and figures as people read them."""

from collections.abc import Sequence

LABELS = (
    ("transactions", "transactions"),
    ("notes", "notes"),
    ("id_images", "ID images"),
    ("transfers", "transfers between customers"),
)
"""What people call each modality or space."""


def spoken(name: str) -> str:
    """A source, a column, or several joined by ` + `, as people call them: by `LABELS`, else with spaces for `_`."""
    labels = dict(LABELS)
    return listed([labels.get(part, part.replace("_", " ")) for part in name.split(" + ")])


def listed(parts: Sequence[str]) -> str:
    """Names in a row: `a, b and c`."""
    return f"{', '.join(parts[:-1])} and {parts[-1]}" if len(parts) > 1 else parts[0]


def rate(q: float | None) -> str:
    """A q-value for reading; None where no rate is stated."""
    if q is None:
        return "not stated"
    return "below 0.0001" if q < 0.0001 else f"{q:.4f}"


def bits(figure: float) -> str:
    """A figure in bits for reading."""
    return f"{figure:.1f}".replace("-", "−")


def signed(figure: float) -> str:
    """Bits that are added or taken off."""
    return bits(figure) if figure < 0 else f"+{bits(figure)}"


def percent(share: float) -> str:
    """A share of the bank."""
    return f"{share:.0%}" if share >= 0.1 else f"{share:.1%}" if share >= 0.001 else "< 0.1%"


def count(number: int, thing: str) -> str:
    """A number of things: `1 party`, `2 parties`, `3 days`."""
    plural = f"{thing[:-1]}ies" if thing.endswith("y") and thing[-2] not in "aeou" else f"{thing}s"
    return f"{number} {thing if number == 1 else plural}"


def sizes(parts: Sequence[int]) -> str:
    """The sizes of the parts that a ring falls into."""
    return " and ".join(map(str, parts))


def of_strangers(share: float, strangers: int) -> str:
    """How many of the strangers compared a share of them is."""
    return f"{round(share * strangers)} of {count(strangers, 'stranger')}"
