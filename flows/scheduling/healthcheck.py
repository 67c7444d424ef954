"""The health endpoint of `copydesk serve`: GET /health answers 200 if all is well, else 503."""

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
from flows.scheduling.server_checks import open_listener

HOST: Final = "127.0.0.1"
MAX_SECONDS_SINCE_POLL: Final = 60


@dataclass(slots=True)
class ServerStatus:
    """The state that the health endpoint reports; the server's loop updates it. Its fields are the keys of the JSON."""

    ui: str
    data: str
    server_reachable: bool = True
    last_poll: datetime | None = None  # the last query for runs that are due
    sources: int = 0
    paused: int = 0
    never_run: list[str] = field(default_factory=list)  # sources on the web without a schedule
    late: int = 0  # runs that are due and wait for others to end
    missing: list[str] = field(default_factory=list)  # deployments deleted at the server and not made again yet
    problems: list[str] = field(default_factory=list)  # of the configuration, as it was last read
    copydesk: str = field(default_factory=lambda: version("copydesk"))

    def is_healthy(self, now: datetime) -> bool:
        """Return whether runs will start when they are due; the wrong file of one source does not stop the others."""
        return (
            self.server_reachable
            and not self.missing
            and self.last_poll is not None
            and (now - self.last_poll).total_seconds() < MAX_SECONDS_SINCE_POLL
        )

    def response(self, now: datetime) -> tuple[HTTPStatus, dict[str, Any]]:
        """Return the HTTP status and the JSON body."""
        is_healthy = self.is_healthy(now)
        body = {"status": "ok" if is_healthy else "unwell"} | asdict(self)
        body["last_poll"] = self.last_poll.isoformat() if self.last_poll else None
        return HTTPStatus.OK if is_healthy else HTTPStatus.SERVICE_UNAVAILABLE, body


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
    """Return the ASGI app that answers GET /health."""

    async def health(_: Request) -> JSONResponse:
        refresh()
        code, body = status.response(datetime.now(UTC))
        return JSONResponse(body, code)

    return Gate.of(Starlette(routes=[Route("/health", health)]), hosts)
