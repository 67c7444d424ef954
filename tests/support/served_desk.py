"""The desk on a port of this machine, as `copydesk desk` serves it."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import httpx
import uvicorn

from config.settings import Settings
from flows.scheduling.desk_server import gated
from flows.scheduling.server_checks import open_listener


@dataclass(frozen=True)
class ServedDesk:
    """A desk that answers."""

    settings: Settings
    address: str
    client: httpx.Client


@contextmanager
def serve(settings: Settings, password: str = "", prefect_ui: str | None = None) -> Iterator[ServedDesk]:
    """Serve until the context ends, from a thread of this process."""
    listener = open_listener("127.0.0.1", 0, "--port")
    address = f"http://127.0.0.1:{listener.getsockname()[1]}"
    app = gated(settings, password, [], prefect_ui)
    server = uvicorn.Server(uvicorn.Config(app, lifespan="off", log_level="critical", timeout_graceful_shutdown=1))
    thread = threading.Thread(target=server.run, args=([listener],), daemon=True)
    thread.start()
    try:
        with httpx.Client(base_url=address, trust_env=False, timeout=60) as client:
            yield ServedDesk(settings, address, client)
    finally:
        server.should_exit = True
        thread.join(10)
        listener.close()
