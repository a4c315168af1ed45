"""What can go wrong with arrivals, beside what a customer's records can have wrong with them."""

from ringsight.errors import DataError, RingsightError


class LogError(RingsightError, RuntimeError):
    """The log of arrivals cannot be reached or written; nothing was acknowledged."""


class KnownCustomerError(DataError):
    """A customer who should be new is there already."""


class ChangedMeanwhileError(RingsightError, RuntimeError):
    """A customer was changed while further records were embedded."""


class RepeatedKeyError(RingsightError, ValueError):
    """An idempotency key came again with another request."""
