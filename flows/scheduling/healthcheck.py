"""The endpoints of `copydesk serve` for those who watch it: /health, /ready and /metrics."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Final

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from flows.scheduling.gate import Gate
from flows.scheduling.metrics import FigureCache, metrics_text
from flows.scheduling.server_checks import open_listener
from flows.scheduling.server_status import ServerStatus

HOST: Final = "127.0.0.1"


@asynccontextmanager
async def health_endpoint(
    status: ServerStatus, port: int, refresh: Callable[[], None], hosts: Iterable[str] = ()
) -> AsyncIterator[None]:
    """Answer while the context is open; call `refresh` before each answer. Raises `ServeError` if the port is taken."""
    listener = open_listener(HOST, port, "--health-port")
    app = health_app(status, refresh, hosts)
    server = uvicorn.Server(uvicorn.Config(app, lifespan="off", log_level="critical", timeout_graceful_shutdown=1))
    # In its own thread: as a server of the main one it would take SIGTERM and Ctrl-C from us.
    thread = threading.Thread(target=server.run, args=([listener],), name="health", daemon=True)
    thread.start()
    try:
        yield
    finally:
        server.should_exit = True
        await asyncio.to_thread(thread.join)


def health_app(status: ServerStatus, refresh: Callable[[], None], hosts: Iterable[str] = ()) -> Gate:
    """Return the ASGI app that answers GET /health, /ready and /metrics."""
    cache = FigureCache(status.data)

    async def health(_: Request) -> JSONResponse:
        refresh()
        code, body = status.response(datetime.now(UTC))
        return JSONResponse(body, code)

    async def ready(_: Request) -> JSONResponse:
        refresh()
        code, body = await asyncio.to_thread(status.readiness, datetime.now(UTC))
        return JSONResponse(body, code)

    async def metrics(request: Request) -> Response:
        refresh()
        text, media_type = await metrics_text(status, cache, request.headers.get("accept", ""))
        return Response(text, media_type=media_type)

    routes = [Route("/health", health), Route("/ready", ready), Route("/metrics", metrics)]
    return Gate.of(Starlette(routes=routes), hosts)
