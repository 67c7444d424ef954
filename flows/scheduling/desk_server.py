"""The server of `copydesk desk`: the desk alone, behind our gate, and behind a password where others may reach it."""

from __future__ import annotations

import os
from collections.abc import Mapping
from contextlib import closing
from logging import WARNING
from pathlib import Path
from typing import Final

import uvicorn
from starlette.applications import Starlette
from starlette.routing import Route
from starlette.types import ASGIApp

from config.errors import ConfigError
from config.fetch import read_secret
from config.settings import Settings
from flows.desk.access import Locked
from flows.desk.app import create_app, desk_routes, lead_to_desk
from flows.desk.desk import PREFIX
from flows.scheduling.gate import LOOPBACK, Gate
from flows.scheduling.password import ADDRESS_FILE, API
from flows.scheduling.server_checks import ServeError, open_listener
from flows.scheduling.service_log import log_event

STOP_SECONDS: Final = 2


def serve_desk(settings: Settings, home: Path, host: str, port: int) -> None:
    """Serve the desk until Ctrl-C; `home` is the folder of our own Prefect server. Raises `ServeError`, `ConfigError`.

    A desk that others may reach is refused without a password.
    """
    password = _read_password(settings)
    if host not in LOOPBACK:
        if not password:
            cure = "set desk_password in copydesk.toml or COPYDESK_DESK_PASSWORD, or listen on 127.0.0.1"
            raise ServeError(f"a desk at {host} would be open to everybody who reaches this machine; {cure}")
        log_event(
            "ui_unencrypted",
            f"the desk at {host}:{port} is not encrypted; put a proxy with TLS before it",
            level=WARNING,
        )
    app = gated(settings, password, [host, *settings.server_hosts], find_prefect_ui(os.environ, home))
    with closing(open_listener(host, port, "--port")) as listener:
        address = f"[{host}]" if ":" in host else host
        log_event("ui", f"the desk is at http://{address}:{port}{PREFIX}")
        config = uvicorn.Config(app, lifespan="off", log_level="warning", timeout_graceful_shutdown=STOP_SECONDS)
        uvicorn.Server(config).run(sockets=[listener])


def gated(settings: Settings, password: str, hosts: list[str], prefect_ui: str | None) -> Gate:
    """Return the desk behind the gate, and behind a password if there is one."""
    desk = create_app(settings, prefect_ui)
    app: ASGIApp = Starlette(routes=[Route("/", lead_to_desk), *desk_routes(desk)])
    return Gate.of(Locked(app, password) if password else app, hosts)


def find_prefect_ui(environment: Mapping[str, str], home: Path) -> str | None:
    """Return the address of the Prefect UI that shows the runs; None if no server is known."""
    api = environment.get(API)
    if api is None:
        try:
            api = (home / ADDRESS_FILE).read_text("utf-8")
        except OSError:
            return None
    return api.strip().rstrip("/").removesuffix("/api") or None


def _read_password(settings: Settings) -> str:
    """Return the password of the settings; empty if there is none. Raises `ConfigError`."""
    if not settings.desk_password:
        return ""
    password = read_secret(settings.desk_password, "desk_password", Path.cwd())
    user, separator, secret = password.partition(":")
    if not (user and separator and secret):
        raise ConfigError("desk_password: not user:password, such as desk:letters-and-digits")
    return password
