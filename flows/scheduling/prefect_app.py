"""The Prefect server behind our gate, as `copydesk serve` starts it.

In a container: `uvicorn --factory copydesk.flows.scheduling.prefect_app:create_app --host 0.0.0.0 --port 4200`.
"""

from __future__ import annotations

import os
import socket
import sys
from typing import Final

import uvicorn
from prefect.server.api.server import create_app as create_prefect_app

from config.settings import load_settings, split_names
from flows.desk.access import Locked
from flows.desk.app import create_app as create_desk
from flows.desk.app import desk_routes
from flows.scheduling.gate import HOSTS_VARIABLE, Gate
from flows.scheduling.password import SERVER

KEEP_ALIVE_SECONDS: Final = 5


def create_app() -> Gate:
    """Return Prefect's API and UI, for requests to this machine and to the names in COPYDESK_SERVER_HOSTS.

    The desk is at `/desk`, behind the password of Prefect's API, and is left out without one. Raises `ConfigError`.
    """
    app = create_prefect_app()
    if password := os.environ.get(SERVER):
        # Before Prefect's UI, which answers to every other address.
        desk = Locked(create_desk(load_settings(), prefect_ui=""), password)
        app.router.routes[:0] = desk_routes(desk)
    return Gate.of(app, split_names(os.environ.get(HOSTS_VARIABLE, "")))


def main() -> None:
    """Serve at a listening socket, whose file descriptor is the first argument.

    `copydesk serve` opened it before it started this process, so nobody else can answer at the port.
    """
    listener = socket.socket(fileno=int(sys.argv[1]))
    config = uvicorn.Config(create_app, factory=True, timeout_keep_alive=KEEP_ALIVE_SECONDS, log_level="warning")
    uvicorn.Server(config).run(sockets=[listener])


if __name__ == "__main__":
    main()
