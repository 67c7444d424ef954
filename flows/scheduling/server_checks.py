"""Checks before serving: a free port, a Prefect server that answers, no other `copydesk serve`."""

from __future__ import annotations

import json
import socket
import urllib.error
import urllib.request
from contextlib import ExitStack, closing
from typing import Any, Final

from config.errors import reason_of

BACKLOG_CONNECTIONS: Final = 2048


class ServeError(Exception):
    """A reason why nothing can be served; its text is one sentence for the user."""


def open_listener(host: str, port: int, option: str, api: str | None = None) -> socket.socket:
    """Return a listening socket. Raises `ServeError` if the port is taken, with the probable reason.

    The socket is opened here and passed on: between a check and the start of the server another user could take the
    port and receive the password.
    """
    try:
        family, kind, number, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        with ExitStack() as stack:
            listener = stack.enter_context(closing(socket.socket(family, kind, number)))
            # Without it a port whose last connections are still closing would be refused.
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind(address)
            listener.listen(BACKLOG_CONNECTIONS)
            stack.pop_all()
            return listener
    except OSError as error:
        problem = reason_of(error)
        if api and fetch_json(f"{api}/health") is not None:
            cure = f"to serve with it set PREFECT_API_URL={api}, else choose another port with {option}"
            raise ServeError(f"a Prefect server runs already at {host}:{port}; {cure}") from None
        raise ServeError(f"cannot listen at {host}:{port}: {problem}; choose another with {option}") from None


def check_port(host: str, port: int, option: str) -> None:
    """Raise `ServeError` if a port is taken."""
    open_listener(host, port, option).close()


def check_api(api: str, cure: str) -> None:
    """Raise `ServeError`, with a cure, if no Prefect server answers at PREFECT_API_URL."""
    api = api.rstrip("/")
    # Prefect Cloud has its health endpoint elsewhere.
    if fetch_json(f"{api}/health") is True or "/workspaces/" in api:
        return
    if fetch_json(f"{api}/api/health") is True:
        cure = f"its API does at {api}/api: set PREFECT_API_URL to that"
    elif "://" not in api:
        cure = f"write it as http://{api}"
    raise ServeError(f"no Prefect server answers at {api}, which PREFECT_API_URL names; {cure}")


def check_not_serving(port: int) -> None:
    """Raise `ServeError` if another `copydesk serve` answers at a health endpoint."""
    status = fetch_json(f"http://127.0.0.1:{port}/health")
    if isinstance(status, dict) and "copydesk" in status:
        cure = "end it, or give this one a data root and ports of its own: --data, --port and --health-port"
        raise ServeError(f"copydesk serve runs already on this machine, with UI {status.get('ui')}; {cure}")


def fetch_json(url: str) -> Any:
    """Return the JSON at a URL, whatever the status; None without an answer or JSON."""
    try:
        with urllib.request.urlopen(url, timeout=5) as response:  # noqa: S310  an address from us or our user
            return json.load(response)
    except urllib.error.HTTPError as error:
        try:
            return json.load(error)
        except ValueError:
            return None
    except (OSError, ValueError):
        return None
