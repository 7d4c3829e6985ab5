"""Figures for Prometheus, in a registry of this instance's own."""

from collections.abc import Callable

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

BUCKETS = (0.02, 0.05, 0.1, 0.2, 0.3, 0.5, 0.75, 1.0, 1.5, 2.0, 3.0, 5.0, 10.0)


class Metrics:
    """Counts turns and times them; reads the index's state when asked."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        self._turns = Counter("wenzheng_turns", "Turns answered", ["outcome", "intent", "source"], registry=self._registry)
        self._seconds = Histogram(
            "wenzheng_turn_seconds", "Time from a message to its reply", ["source"], buckets=BUCKETS, registry=self._registry
        )
        self._searches = Histogram(
            "wenzheng_search_seconds", "Time of one search over HTTP", buckets=BUCKETS, registry=self._registry
        )
        self._wechat = Counter("wenzheng_wechat_pushes", "Pushes of WeChat answered", ["kind", "route"], registry=self._registry)
        self._outbox = Gauge("wenzheng_outbox_messages", "Messages of the outbox", ["state"], registry=self._registry)
        self._requests = Counter(
            "wenzheng_http_requests", "HTTP requests by route and status", ["route", "status"], registry=self._registry
        )

    def turn_done(self, outcome: str, intent: str | None, source: str, seconds: float) -> None:
        """One turn was answered: by Rasa's action, directly, by a human's silence, or at the edge."""
        self._turns.labels(outcome, intent or "none", source).inc()
        self._seconds.labels(source).observe(seconds)

    def wechat_done(self, kind: str, route: str) -> None:
        """An attempt of WeChat was answered: passively, through the outbox, or with the next message."""
        self._wechat.labels(kind, route).inc()

    def watch_outbox(self, state: str, read: Callable[[], float]) -> None:
        """How many messages of the outbox are in a state; read when Prometheus asks."""
        self._outbox.labels(state).set_function(read)

    def search_done(self, seconds: float) -> None:
        self._searches.observe(seconds)

    def request_done(self, route: str, status: int) -> None:
        """`route` is the pattern, never the path: paths hold ids."""
        self._requests.labels(route, str(status)).inc()

    def watch(self, name: str, description: str, read: Callable[[], float]) -> None:
        """A gauge that is read when Prometheus asks."""
        Gauge(f"wenzheng_{name}", description, registry=self._registry).set_function(read)

    def exposition(self) -> bytes:
        """Prometheus' text format."""
        return generate_latest(self._registry)
