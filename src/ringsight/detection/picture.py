"""A figure as a notebook shows it."""

import io

from matplotlib.figure import Figure


class Picture(Figure):
    """A figure that a notebook shows as it is, whether or not pyplot is there."""

    def _repr_png_(self) -> bytes:
        """What IPython asks for."""
        stream = io.BytesIO()
        self.savefig(stream, format="png")
        return stream.getvalue()
