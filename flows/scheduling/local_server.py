"""The Prefect server that `copydesk serve` works with: the one that is named, or one of its own on this machine.

This module does not import Prefect, which reads its settings from the environment as it is imported.
"""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping, MutableMapping, Sequence
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from time import monotonic, sleep
from typing import Any, Final

from filelock import FileLock, Timeout

from flows.scheduling.gate import ALL_ADDRESSES, HOSTS_VARIABLE, LOOPBACK
from flows.scheduling.password import ADDRESS_FILE, API, SERVER, PasswordError, open_home, set_passwords

START_SECONDS: Final = 120
STOP_SECONDS: Final = 20
BACKLOG: Final = 2048
_MODULE: Final = "flows.scheduling.prefect_app"
_QUIET: Final = {"PREFECT_SERVER_ANALYTICS_ENABLED": "false", "DO_NOT_TRACK": "1"}
CONSOLE: Final = "PREFECT_LOGGING_HANDLERS_CONSOLE_LEVEL"
"""From which level on Prefect writes to the terminal, where we say in a line what it says in five; the UI has all."""
_OWN: Final = {
    # Leases kept in memory would be forgotten with the server: a source that ran when it was killed would never
    # have its turn again.
    "PREFECT_SERVER_CONCURRENCY_LEASE_STORAGE": "prefect.server.concurrency.lease_storage.filesystem",
    # Fifty sources make a million runs a year; the warehouse keeps its own table of them.
    "PREFECT_SERVER_SERVICES_DB_VACUUM_ENABLED": "events,flow_runs",
    "PREFECT_SERVER_SERVICES_DB_VACUUM_RETENTION_PERIOD": str(30 * 86_400),
    # Of the page's own address, whichever it is: so no page needs to ask another origin.
    "PREFECT_UI_API_URL": "/api",
}


class ServeError(Exception):
    """What keeps from serving; its text is one sentence for the user."""


@dataclass(frozen=True, slots=True)
class Server:
    """A Prefect server that answers."""

    api: str
    """The address of its API."""
    process: subprocess.Popen[bytes] | None = None
    """Its process, where it is ours to end."""
    log: Path | None = None
    password: str | None = None
    """Where its password is written, in words, of a server of ours."""

    @property
    def ui(self) -> str:
        """Where to look at it."""
        return self.api.removesuffix("/api")

    @property
    def problem(self) -> str | None:
        """What has become of a server of ours that is gone."""
        if self.process is None or self.process.poll() is None:
            return None
        return f"the Prefect server ended with exit code {self.process.returncode}; its last words are in {self.log}"


@contextmanager
def prefect_server(home: Path, host: str, port: int, names: Sequence[str] = ()) -> Iterator[Server]:
    """The server of PREFECT_API_URL, else one that is started for the time being. Raises `ServeError`.

    A server of our own keeps what it knows in `home`, unless PREFECT_HOME names another place, so that what its user
    does with Prefect besides is not touched. It is known by `names` too.
    """
    environment = os.environ
    environment.update(_QUIET)
    environment.setdefault(CONSOLE, "WARNING")
    if api := environment.get("PREFECT_API_URL"):
        check_api(api, "start it, or unset PREFECT_API_URL to have one started here")
        yield Server(api.rstrip("/"))
        return
    try:
        password = prepare(environment, home, host, port)
    except PasswordError as error:
        raise ServeError(str(error)) from None
    with _started(home, host, port, environment, [host, *names]) as server:
        yield replace(server, password=password)


def prepare(environment: MutableMapping[str, str], home: Path, host: str, port: int) -> str:
    """Set what lets this process, the server and the runs find each other. Returns in words where the password is.

    Raises `PasswordError`.
    """
    open_home(home)
    for name, value in _OWN.items():
        environment.setdefault(name, value)
    environment.setdefault("PREFECT_HOME", str(home))
    # Prefect copies its pages; beside its own code, where it would, a service may not write, and has no UI.
    environment.setdefault("PREFECT_UI_STATIC_DIRECTORY", str(home / "ui"))
    name = dict(zip(ALL_ADDRESSES, ("127.0.0.1", "::1"), strict=True)).get(host, host)
    address = f"[{name}]" if ":" in name else name
    environment[API] = f"http://{address}:{port}/api"
    environment.setdefault("PREFECT_SERVER_CORS_ALLOWED_ORIGINS", f"http://{address}:{port}")
    # A proxy that is meant for the web cannot reach this machine for us.
    environment["NO_PROXY"] = ",".join(filter(None, [environment.get("NO_PROXY"), address, *LOOPBACK]))
    Path(environment["PREFECT_HOME"]).mkdir(mode=0o700, parents=True, exist_ok=True)
    return set_passwords(environment, home)


@contextmanager
def serving(home: Path) -> Iterator[None]:
    """Held while an installation is served. Raises `ServeError` where another process serves it.

    Two servers over one home would each end the runs of the other.
    """
    try:
        open_home(home)
        with FileLock(home / "serving.lock").acquire(timeout=0):
            yield
    except Timeout:
        raise ServeError(
            f"copydesk serve runs already over {home.parent}; end it, or name another with --data"
        ) from None
    except PasswordError as error:
        raise ServeError(str(error)) from None


def _end_orphan(place: Path) -> None:
    """End the server that a `serve` which was killed has left: nobody else serves this home, and it keeps the port."""
    try:
        pid = int(place.read_text())
        if _MODULE.encode() in Path(f"/proc/{pid}/cmdline").read_bytes():
            os.kill(pid, signal.SIGTERM)
            end = monotonic() + STOP_SECONDS
            while Path(f"/proc/{pid}").exists() and monotonic() < end:
                sleep(0.1)
    except (OSError, ValueError):
        return


@contextmanager
def _started(
    home: Path, host: str, port: int, environment: MutableMapping[str, str], names: Sequence[str]
) -> Iterator[Server]:
    api = environment[API]
    log, mark, address = (home / name for name in ("server.log", "server.pid", ADDRESS_FILE))
    _end_orphan(mark)
    with closing(open_listener(host, port, "--port", api)) as listener:
        if host not in LOOPBACK:
            cure = "listen on 127.0.0.1, and put a proxy with TLS before it"
            tell(f"the UI at {host}:{port} is not encrypted, so its password can be read on the way; {cure}")
        tell(f"starting a Prefect server at {host}:{port}; its log is {log}")
        process = _start(listener, log, dict(environment) | {HOSTS_VARIABLE: ",".join(names)})
    # Runs need no more than the client's.
    environment.pop(SERVER)
    server = Server(api, process, log)
    mark.write_text(str(process.pid))
    address.write_text(api)
    try:
        _wait(server)
        yield server
    finally:
        process.terminate()
        try:
            process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        address.unlink(missing_ok=True)
        mark.unlink(missing_ok=True)


def _start(listener: socket.socket, log: Path, environment: Mapping[str, str]) -> subprocess.Popen[bytes]:
    with log.open("wb") as stream:
        # A session of its own: Ctrl-C is for us, and the runs that we end need the server to the last.
        return subprocess.Popen(  # noqa: S603
            [sys.executable, "-m", _MODULE, str(listener.fileno())],
            pass_fds=[listener.fileno()],
            stdout=stream,
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
            start_new_session=True,
            env=environment,
        )


def _wait(server: Server) -> None:
    end = monotonic() + START_SECONDS
    while ask(f"{server.api}/health") is None:
        if server.problem:
            raise ServeError(server.problem)
        if monotonic() > end:
            raise ServeError(f"no Prefect server at {server.api} after {START_SECONDS} s; {server.log} may say why")
        sleep(0.2)


def open_listener(host: str, port: int, option: str, api: str | None = None) -> socket.socket:
    """Return a socket that listens. Raises `ServeError` that says who may be there, where the port is taken.

    It is opened here and handed on, so that between our look and the server's start nobody else can take the port and
    be sent the password.
    """
    try:
        family, kind, number, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        with ExitStack() as stack:
            listener = stack.enter_context(closing(socket.socket(family, kind, number)))
            # A port whose last connections are still being closed is free.
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind(address)
            listener.listen(BACKLOG)
            stack.pop_all()
            return listener
    except OSError as error:
        problem = (error.strerror or str(error)).lower()
        if api and ask(f"{api}/health") is not None:
            cure = f"to serve with it set PREFECT_API_URL={api}, else choose another port with {option}"
            raise ServeError(f"a Prefect server runs already at {host}:{port}; {cure}") from None
        raise ServeError(f"cannot listen at {host}:{port}: {problem}; choose another with {option}") from None


def check_port(host: str, port: int, option: str) -> None:
    """Raises `ServeError` where a port is taken."""
    open_listener(host, port, option).close()


def check_api(api: str, cure: str) -> None:
    """Raises `ServeError`, with a cure, where no Prefect server answers at what PREFECT_API_URL names."""
    api = api.rstrip("/")
    # Prefect Cloud answers for its health elsewhere.
    if ask(f"{api}/health") is True or "/workspaces/" in api:
        return
    if ask(f"{api}/api/health") is True:
        cure = f"its API does at {api}/api: set PREFECT_API_URL to that"
    elif "://" not in api:
        cure = f"write it as http://{api}"
    raise ServeError(f"no Prefect server answers at {api}, which PREFECT_API_URL names; {cure}")


def check_not_serving(port: int) -> None:
    """Raises `ServeError` where another `copydesk serve` answers at a health address."""
    told = ask(f"http://127.0.0.1:{port}/health")
    if isinstance(told, dict) and "copydesk" in told:
        cure = "end it, or give this one a data root and ports of its own: --data, --port and --health-port"
        raise ServeError(f"copydesk serve runs already on this machine, with UI {told.get('ui')}; {cure}")


def ask(url: str) -> Any:
    """What an address answers as JSON, whatever the status; None where nothing does."""
    try:
        with urllib.request.urlopen(url, timeout=5) as answer:  # noqa: S310  an address from us or our user
            return json.load(answer)
    except urllib.error.HTTPError as error:
        try:
            return json.load(error)
        except ValueError:
            return None
    except (OSError, ValueError):
        return None


def tell(sentence: str) -> None:
    """Print a line for the terminal or the journal."""
    print(f"copydesk: {sentence}", file=sys.stderr, flush=True)
