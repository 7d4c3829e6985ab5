"""Messages a minute a sender, as a token bucket in this process."""

import math
import threading
import time
from collections.abc import Callable

from conversations.errors import RateLimitedError

SWEEP_AT = 10_000  # senders remembered before the ones at rest are forgotten


class RateLimiter:
    """Lets `per_minute` messages pass at once and refills evenly. 0 lets everything pass."""

    def __init__(self, per_minute: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._capacity, self._rate, self._clock = float(per_minute), per_minute / 60.0, clock
        self._buckets: dict[str, tuple[float, float]] = {}
        self._lock = threading.Lock()

    def check(self, sender: str) -> None:
        """Take one message from the sender's bucket.

        Raises:
            RateLimitedError: the bucket is empty.
        """
        if not self._capacity:
            return
        with self._lock:
            now = self._clock()
            tokens, at = self._buckets.get(sender, (self._capacity, now))
            tokens = min(self._capacity, tokens + (now - at) * self._rate)
            if tokens < 1:
                wait = math.ceil((1 - tokens) / self._rate)
                raise RateLimitedError("发送过于频繁。", fix=f"请在 {wait} 秒后再发。", retry_after_s=wait)
            self._buckets[sender] = (tokens - 1, now)
            if len(self._buckets) > SWEEP_AT:
                self._buckets = {
                    key: (left, seen)
                    for key, (left, seen) in self._buckets.items()
                    if left + (now - seen) * self._rate < self._capacity
                }
