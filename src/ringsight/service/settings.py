"""What the service can be told: whom it answers, how much it takes, and whom it tells of ring events."""

from dataclasses import dataclass, field

from ringsight.errors import SettingsError, require_at_least, require_positive

MEBIBYTE = 1 << 20


@dataclass(kw_only=True, slots=True)
class ServiceLimits:
    """How much one request, and one key, may take."""

    body: int = 24 * MEBIBYTE
    """Bytes of a request."""
    rows: int = 20_000
    """Records of one customer that one request may bring."""
    images: int = 12
    """ID images of one customer that one request may bring."""
    per_minute: int = 1200
    """Requests of one key in a minute; beyond it the answer is 429."""
    at_once: int = 400
    """Requests that are under way at once; beyond it the answer is 503."""
    neighbours: int = 200
    """Most neighbours, similar customers or rings of one answer."""
    streams: int = 50
    """Event streams that are open at once."""

    def __post_init__(self) -> None:
        """Refuse bounds that let nothing through.

        Raises:
            SettingsError: naming the first.
        """
        names = ("body", "rows", "images", "per_minute", "at_once", "neighbours", "streams")
        require_at_least("limits", self, dict.fromkeys(names, 1))


@dataclass(kw_only=True, slots=True)
class WebhookSettings:
    """Who is told of ring events. The secret that signs them is in RINGSIGHT_WEBHOOK_SECRET."""

    urls: list[str] = field(default_factory=list)
    """Addresses that each ring event is posted to, https unless on this machine."""
    attempts: int = 8
    """How often one event is sent before it is given up."""
    first_wait: float = 1.0
    """Seconds before the second attempt; each further wait is twice as long."""

    def __post_init__(self) -> None:
        """Refuse addresses that would send ring events in the clear.

        Raises:
            SettingsError: naming the first.
        """
        require_at_least("webhooks", self, {"attempts": 1})
        require_positive("webhooks", self, ["first_wait"])
        for url in self.urls:
            if not url.startswith(("https://", "http://127.0.0.1", "http://localhost", "http://[::1]")):
                raise SettingsError(f"webhooks.urls must be https (got {url})", remedy="put TLS before the receiver")
