"""The Prefect server of `copydesk serve`: that of PREFECT_API_URL, or one of our own on this machine.

This module must not import Prefect, which reads its settings from the environment when it is imported.
"""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping, MutableMapping
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from logging import WARNING
from pathlib import Path
from time import monotonic, sleep
from typing import Final

from filelock import FileLock, Timeout

from config.settings import Settings
from flows.scheduling.gate import ALL_ADDRESSES, HOSTS_VARIABLE, LOOPBACK
from flows.scheduling.password import ADDRESS_FILE, API, SERVER, PasswordError, open_home, set_passwords
from flows.scheduling.server_checks import ServeError, check_api, fetch_json, open_listener
from flows.scheduling.service_log import log_event

MAX_START_SECONDS: Final = 120
MAX_STOP_SECONDS: Final = 20
_MODULE: Final = "flows.scheduling.prefect_app"
_QUIET: Final = {"PREFECT_SERVER_ANALYTICS_ENABLED": "false", "DO_NOT_TRACK": "1"}
# The lowest level that Prefect writes to the terminal: it takes five lines where ours take one. The UI has all.
CONSOLE_LEVEL: Final = "PREFECT_LOGGING_HANDLERS_CONSOLE_LEVEL"
_OWN: Final = {
    # Leases in memory would be lost with the server: a source that ran when it was killed would never run again.
    "PREFECT_SERVER_CONCURRENCY_LEASE_STORAGE": "prefect.server.concurrency.lease_storage.filesystem",
    # Fifty sources make a million runs a year; the warehouse keeps its own table of them.
    "PREFECT_SERVER_SERVICES_DB_VACUUM_ENABLED": "events,flow_runs",
    "PREFECT_SERVER_SERVICES_DB_VACUUM_RETENTION_PERIOD": str(30 * 86_400),
    # After an outage it would mark each missed run in a transaction of its own, all at once, while `catch_up` cancels
    # them: in SQLite they lock each other out, and the server answers nobody for a minute.
    "PREFECT_SERVER_SERVICES_LATE_RUNS_ENABLED": "false",
    # Relative to the address of the page, so no page needs a request to another origin.
    "PREFECT_UI_API_URL": "/api",
}


@dataclass(frozen=True, slots=True)
class PrefectServer:
    """A running Prefect server."""

    api: str  # the URL of its API
    process: subprocess.Popen[bytes] | None = None  # if it is ours to end
    log: Path | None = None
    password: str | None = None  # in words, where the password of our own server is written

    @property
    def ui(self) -> str:
        """The URL of the UI."""
        return self.api.removesuffix("/api")

    @property
    def problem(self) -> str | None:
        """A sentence about our own server if it has ended, else None."""
        if self.process is None or self.process.poll() is None:
            return None
        return f"the Prefect server ended with exit code {self.process.returncode}; its last words are in {self.log}"


@contextmanager
def prefect_server(home: Path, host: str, port: int, settings: Settings) -> Iterator[PrefectServer]:
    """Open the server of PREFECT_API_URL, or start one for as long as the context lasts. Raises `ServeError`.

    Our own server keeps its data in `home`, unless PREFECT_HOME names another folder, so that it does not mix with
    what the user does with Prefect otherwise. It answers to the `server_hosts` of the settings too, and its desk shows
    their warehouse.
    """
    environment = os.environ
    environment.update(_QUIET)
    environment.setdefault(CONSOLE_LEVEL, "WARNING")
    if api := environment.get("PREFECT_API_URL"):
        check_api(api, "start it, or unset PREFECT_API_URL to have one started here")
        yield PrefectServer(api.rstrip("/"))
        return
    try:
        password = prepare(environment, home, host, port)
    except PasswordError as error:
        raise ServeError(str(error)) from None
    with _started(home, host, port, environment, settings) as server:
        yield replace(server, password=password)


def prepare(environment: MutableMapping[str, str], home: Path, host: str, port: int) -> str:
    """Set the variables by which this process, the server and the runs find each other; make the password.

    Returns in words where the password is written. Raises `PasswordError`.
    """
    open_home(home)
    for name, value in _OWN.items():
        environment.setdefault(name, value)
    environment.setdefault("PREFECT_HOME", str(home))
    # Prefect copies the pages of its UI, by default beside its own code, where a service may not write.
    environment.setdefault("PREFECT_UI_STATIC_DIRECTORY", str(home / "ui"))
    name = dict(zip(ALL_ADDRESSES, ("127.0.0.1", "::1"), strict=True)).get(host, host)
    address = f"[{name}]" if ":" in name else name
    environment[API] = f"http://{address}:{port}/api"
    environment.setdefault("PREFECT_SERVER_CORS_ALLOWED_ORIGINS", f"http://{address}:{port}")
    # A proxy for the web cannot reach this machine.
    environment["NO_PROXY"] = ",".join(filter(None, [environment.get("NO_PROXY"), address, *LOOPBACK]))
    Path(environment["PREFECT_HOME"]).mkdir(mode=0o700, parents=True, exist_ok=True)
    return set_passwords(environment, home)


@contextmanager
def serving(home: Path) -> Iterator[None]:
    """Lock an installation while it is served. Raises `ServeError` if another process serves it.

    Two servers over one home would end each other's runs.
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


def _end_orphan(pid_file: Path) -> None:
    """End the server that a killed `serve` has left: it would keep the port."""
    try:
        pid = int(pid_file.read_text())
        if _MODULE.encode() in Path(f"/proc/{pid}/cmdline").read_bytes():
            os.kill(pid, signal.SIGTERM)
            end = monotonic() + MAX_STOP_SECONDS
            while Path(f"/proc/{pid}").exists() and monotonic() < end:
                sleep(0.1)
    except (OSError, ValueError):
        return


@contextmanager
def _started(
    home: Path, host: str, port: int, environment: MutableMapping[str, str], settings: Settings
) -> Iterator[PrefectServer]:
    api = environment[API]
    log, pid_file, address = (home / name for name in ("server.log", "server.pid", ADDRESS_FILE))
    _end_orphan(pid_file)
    with closing(open_listener(host, port, "--port", api)) as listener:
        if host not in LOOPBACK:
            cure = "listen on 127.0.0.1, and put a proxy with TLS before it"
            problem = "is not encrypted, so its password can be read on the way"
            log_event("ui_unencrypted", f"the UI at {host}:{port} {problem}; {cure}", level=WARNING)
        log_event("server_starting", f"starting a Prefect server at {host}:{port}; its log is {log}")
        roots = {"COPYDESK_DATA": settings.data, "COPYDESK_CONFIG": str(settings.config)}
        hosts = {HOSTS_VARIABLE: ",".join([host, *settings.server_hosts])}
        process = _start(listener, log, dict(environment) | roots | hosts)
    # Runs need the client's password only.
    environment.pop(SERVER)
    server = PrefectServer(api, process, log)
    pid_file.write_text(str(process.pid))
    address.write_text(api)
    try:
        _wait(server)
        yield server
    finally:
        process.terminate()
        try:
            process.wait(MAX_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        address.unlink(missing_ok=True)
        pid_file.unlink(missing_ok=True)


def _start(listener: socket.socket, log: Path, environment: Mapping[str, str]) -> subprocess.Popen[bytes]:
    with log.open("wb") as stream:
        # In a session of its own: Ctrl-C must not end it before the runs, which need it until their end.
        return subprocess.Popen(  # noqa: S603
            [sys.executable, "-m", _MODULE, str(listener.fileno())],
            pass_fds=[listener.fileno()],
            stdout=stream,
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
            start_new_session=True,
            env=environment,
        )


def _wait(server: PrefectServer) -> None:
    end = monotonic() + MAX_START_SECONDS
    while fetch_json(f"{server.api}/health") is None:
        if server.problem:
            raise ServeError(server.problem)
        if monotonic() > end:
            raise ServeError(f"no Prefect server at {server.api} after {MAX_START_SECONDS} s; {server.log} may say why")
        sleep(0.2)
