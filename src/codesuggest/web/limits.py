"""Limits: how often somebody may ask, and how long an answer may take."""

import asyncio
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from codesuggest.errors import TooOftenError
from codesuggest.web.problems import problem

_MOST_REMEMBERED = 10_000


class RateLimit:
    """A bucket of requests for each who asks, refilled steadily; a minute's worth may come at once."""

    def __init__(self, per_minute: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._per_minute = per_minute
        self._clock = clock
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()
        self._lock = threading.Lock()

    def take(self, who: str) -> None:
        """Count one request. Raises TooOftenError if the bucket is empty."""
        with self._lock:
            at = self._clock()
            left, since = self._buckets.pop(who, (float(self._per_minute), at))
            left = min(self._per_minute, left + (at - since) * self._per_minute / 60)
            self._buckets[who] = (max(0.0, left - 1), at)
            if len(self._buckets) > _MOST_REMEMBERED:
                self._buckets.popitem(last=False)
        if left < 1:
            raise TooOftenError(f"At most {self._per_minute:,} requests a minute. Wait a little, then go on.")


class TimeLimit:
    """ASGI middleware that answers 503 where a request takes longer than `seconds`, slow sending included.

    longer  paths that may take longer, and how long.
    """

    def __init__(self, app: ASGIApp, seconds: float, longer: Mapping[str, float] | None = None) -> None:
        self._app = app
        self._seconds = seconds
        self._longer = longer or {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """See ASGI."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started = False

        async def watched(message: Message) -> None:
            nonlocal started
            started = True
            await send(message)

        try:
            async with asyncio.timeout(self._longer.get(scope["path"], self._seconds)):
                await self._app(scope, receive, watched)
        except TimeoutError:
            if not started:
                detail = "The answer took too long. Ask again with the same key: what was done is not done twice."
                await problem(503, "Too slow.", detail)(scope, receive, send)
