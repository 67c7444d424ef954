"""The health address of `copydesk serve`: GET /health, 200 where all is well and 503 where it is not."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from http import HTTPStatus
from importlib.metadata import version
from typing import Any, Final

HOST: Final = "127.0.0.1"
LATE_SECONDS: Final = 60
"""Without a look for runs that are due, after which serving is not well."""
_LINE_SECONDS: Final = 5


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
    problems: list[str] = field(default_factory=list)
    """What was wrong with the configuration when it was last read."""
    copydesk: str = field(default_factory=lambda: version("copydesk"))

    def is_well(self, now: datetime) -> bool:
        """Whether runs will start when they are due; a wrong file of one source does not keep the others."""
        return (
            self.server_reachable
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
async def health_address(wellness: Wellness, port: int, refresh: Callable[[], None]) -> AsyncIterator[None]:
    """Answers while it is open; `refresh` is called before each answer. Raises OSError where the port is taken."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            line = await asyncio.wait_for(reader.readline(), _LINE_SECONDS)
            refresh()
            writer.write(respond(line, wellness))
            await asyncio.wait_for(writer.drain(), _LINE_SECONDS)
        except (OSError, ValueError, TimeoutError):
            pass  # whoever asked has gone, or does not speak HTTP
        finally:
            writer.close()

    async with await asyncio.start_server(answer, HOST, port):
        yield


def respond(line: bytes, wellness: Wellness) -> bytes:
    """The response to the first line of a request."""
    method, _, rest = line.decode("latin-1").partition(" ")
    if method not in {"GET", "HEAD"} or rest.split("?")[0].split(" ")[0] != "/health":
        status, told = HTTPStatus.NOT_FOUND, {"try": "GET /health"}
    else:
        status, told = wellness.answer(datetime.now(UTC))
    body = json.dumps(told, ensure_ascii=False).encode() + b"\n"
    head = (
        f"HTTP/1.1 {status.value} {status.phrase}\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n"
    )
    return f"{head}Connection: close\r\n\r\n".encode() + (b"" if method == "HEAD" else body)
