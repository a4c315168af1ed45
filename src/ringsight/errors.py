"""One base error. Each error says what is wrong, where, and what to do about it."""


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
