"""The health address of `copydesk serve`: GET /health, 200 where all is well and 503 where it is not."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from http import HTTPStatus
from importlib.metadata import version
from typing import Any, Final

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from flows.scheduling.gate import Gate
from flows.scheduling.local_server import open_listener

HOST: Final = "127.0.0.1"
LATE_SECONDS: Final = 60
"""Without a look for runs that are due, after which serving is not well."""


@dataclass(slots=True)
class Wellness:
    """How serving goes; what serves writes into it."""

    ui: str
    data: str
    server_reachable: bool = True
    last_poll: datetime | None = None
    """When the runner last asked the server for runs that are due."""
    sources: int = 0
    paused: int = 0
    late: int = 0
    """Runs whose time has come and that wait for others to end."""
    missing: list[str] = field(default_factory=list)
    """Deployments that somebody deleted at the server and that are not made again yet."""
    problems: list[str] = field(default_factory=list)
    """What was wrong with the configuration when it was last read."""
    copydesk: str = field(default_factory=lambda: version("copydesk"))

    def is_well(self, now: datetime) -> bool:
        """Whether runs will start when they are due; a wrong file of one source does not keep the others."""
        return (
            self.server_reachable
            and not self.missing
            and self.last_poll is not None
            and (now - self.last_poll).total_seconds() < LATE_SECONDS
        )

    def answer(self, now: datetime) -> tuple[HTTPStatus, dict[str, Any]]:
        """The status, and what is told with it."""
        well = self.is_well(now)
        told = {"status": "ok" if well else "unwell"} | asdict(self)
        told["last_poll"] = self.last_poll.isoformat() if self.last_poll else None
        return HTTPStatus.OK if well else HTTPStatus.SERVICE_UNAVAILABLE, told


@asynccontextmanager
async def health_address(
    wellness: Wellness, port: int, refresh: Callable[[], None], names: Iterable[str] = ()
) -> AsyncIterator[None]:
    """Answer while it is open; `refresh` is called before each answer. Raises `ServeError` where the port is taken."""
    listener = open_listener(HOST, port, "--health-port")
    app = health_app(wellness, refresh, names)
    server = uvicorn.Server(uvicorn.Config(app, lifespan="off", log_level="critical", timeout_graceful_shutdown=1))
    # In its own thread: as a server of the main one it would take SIGTERM and Ctrl-C from us.
    thread = threading.Thread(target=server.run, args=([listener],), name="health", daemon=True)
    thread.start()
    try:
        yield
    finally:
        server.should_exit = True
        await asyncio.to_thread(thread.join)


def health_app(wellness: Wellness, refresh: Callable[[], None], names: Iterable[str] = ()) -> Gate:
    """Return the ASGI app that answers GET /health."""

    async def health(_: Request) -> JSONResponse:
        refresh()
        status, told = wellness.answer(datetime.now(UTC))
        return JSONResponse(told, status)

    return Gate.of(Starlette(routes=[Route("/health", health)]), names)
