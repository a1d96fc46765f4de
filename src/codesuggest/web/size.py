"""Requests over a stated size are refused while they arrive."""

from collections.abc import Mapping

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from codesuggest.web.problems import problem


class BodySizeLimit:
    """ASGI middleware that stops reading a body at `max_bytes`, whatever its headers claim.

    larger  paths that take more, and how much.
    """

    def __init__(self, app: ASGIApp, max_bytes: int, larger: Mapping[str, int] | None = None) -> None:
        self._app = app
        self._max_bytes = max_bytes
        self._larger = larger or {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """See ASGI."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        most = self._larger.get(scope["path"], self._max_bytes)
        parts: list[bytes] = []
        size, more = 0, True
        while more:
            message = await receive()
            if message["type"] == "http.disconnect":
                return
            parts.append(message.get("body", b""))
            size += len(parts[-1])
            more = message.get("more_body", False)
            if size > most:
                answer = problem(413, "Too large.", f"At most {most:,} bytes are accepted in one request.")
                await answer(scope, receive, send)
                return
        waiting = [{"type": "http.request", "body": b"".join(parts), "more_body": False}]

        async def replay() -> Message:
            return waiting.pop() if waiting else await receive()

        await self._app(scope, replay, send)
