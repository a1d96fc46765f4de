"""Requests over a stated size are refused while they arrive."""

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from codesuggest.web.problems import problem


class BodySizeLimit:
    """ASGI middleware that stops reading a body at `max_bytes`, whatever its headers claim."""

    def __init__(self, app: ASGIApp, max_bytes: int) -> None:
        self._app = app
        self._max_bytes = max_bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """See ASGI."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        body = b""
        more = True
        while more:
            message = await receive()
            if message["type"] == "http.disconnect":
                return
            body += message.get("body", b"")
            more = message.get("more_body", False)
            if len(body) > self._max_bytes:
                answer = problem(413, "Too large.", f"At most {self._max_bytes:,} bytes are accepted in one request.")
                await answer(scope, receive, send)
                return
        waiting = [{"type": "http.request", "body": body, "more_body": False}]

        async def replay() -> Message:
            return waiting.pop() if waiting else await receive()

        await self._app(scope, replay, send)
