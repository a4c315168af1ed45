"""One base error, and the refusals of settings. Each error says what is wrong, where, and what to do about it."""

from collections.abc import Iterable, Mapping

HIGHEST_PORT = 65_535


class RingsightError(Exception):
    """What went wrong (`what`), in which file, row and column (`where`), and the remedy.

    Every error a user can cause is one of these; `ringsight` prints it without a traceback.
    """

    def __init__(self, what: str, *, where: str = "", remedy: str = "") -> None:
        """Build the message from its three parts; empty parts are left out."""
        self.what = what
        self.where = where
        self.remedy = remedy
        parts = [f"{where}: {what}" if where else what]
        if remedy:
            parts.append(f"Remedy: {remedy}")
        super().__init__("\n".join(parts))


class DataError(RingsightError, ValueError):
    """A bank's folder cannot be used as it is."""


class SettingsError(RingsightError, ValueError):
    """A setting, or a combination of settings, makes no sense."""


class ModelError(RingsightError, ValueError):
    """A model is missing, damaged, or does not belong to what it is used with."""


class StoreError(RingsightError, RuntimeError):
    """The vector store is unreachable, in use, damaged, or refuses the vectors."""


def require_at_least(group: str, settings: object, least: Mapping[str, int]) -> None:
    """Refuse settings below their least value.

    Args:
        group: what the settings' keys begin with, as on the command line.
        settings: a settings dataclass.
        least: field -> its least value.

    Raises:
        SettingsError: naming the first such key, what was given and what is needed.
    """
    for name, bound in least.items():
        value = getattr(settings, name)
        if not value >= bound:
            raise SettingsError(f"{group}.{name} must be at least {bound} (got {value})")


def require_port(port: int) -> None:
    """Refuse a port that does not exist.

    Raises:
        SettingsError: if it is out of bounds.
    """
    if not 1 <= port <= HIGHEST_PORT:
        raise SettingsError(f"port must be 1 to {HIGHEST_PORT} (got {port})")


def require_positive(group: str, settings: object, names: Iterable[str]) -> None:
    """Refuse settings that are not above zero; NaN is not.

    Raises:
        SettingsError: naming the first such key and what was given.
    """
    for name in names:
        value = getattr(settings, name)
        if not value > 0:
            raise SettingsError(f"{group}.{name} must be positive (got {value})")
