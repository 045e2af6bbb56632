"""How often somebody may ask, per minute: counted in Redis where there is one, else by each process for itself.

Reading goes on when Redis is gone (R56): what must hold lives in `core/throttle.py`, not here.
"""

import time
from typing import Any

import structlog

from portal.core import throttle

log = structlog.get_logger(__name__)
PER_MINUTE = {"visitor": 300, "key": 600, "stranger": 30}
"""Requests a minute: of a network, of a key, of a network that sends keys nobody knows."""


class Rates:
    """Fixed windows of a minute."""

    def __init__(self, redis_url: str | None = None) -> None:
        from limits import RateLimitItemPerMinute  # noqa: PLC0415 - only a portal that answers machines counts
        from limits.storage import MemoryStorage, storage_from_string  # noqa: PLC0415 - as above
        from limits.strategies import FixedWindowRateLimiter  # noqa: PLC0415 - as above

        self._items = {kind: RateLimitItemPerMinute(hits) for kind, hits in PER_MINUTE.items()}
        self._alone: Any = FixedWindowRateLimiter(MemoryStorage())
        # A Redis that does not answer at once must not hold a reader up.
        patience = {"socket_timeout": 0.2, "socket_connect_timeout": 0.2}
        self._shared: Any = (
            FixedWindowRateLimiter(storage_from_string(redis_url, **patience)) if redis_url else None
        )

    def hit(self, kind: str, who: str) -> int:
        """Count a request of `who`; 0, or the seconds to wait when there were too many."""
        if throttle.is_relaxed():
            return 0
        if self._shared is not None:
            try:
                return self._hit(self._shared, kind, who)
            except Exception as problem:
                log.warning("redis does not count", error=type(problem).__name__)
        return self._hit(self._alone, kind, who)

    def _hit(self, limiter: Any, kind: str, who: str) -> int:
        item = self._items[kind]
        if limiter.hit(item, kind, who):
            return 0
        return max(1, int(limiter.get_window_stats(item, kind, who).reset_time - time.time()) + 1)
