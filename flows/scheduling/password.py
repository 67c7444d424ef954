"""The password of the Prefect server that `copydesk serve` starts: made once, readable to its owner alone."""

from __future__ import annotations

import os
import secrets
import stat
from collections.abc import MutableMapping
from pathlib import Path
from tempfile import mkstemp
from typing import Final

from config.errors import reason_of

PASSWORD_FILE: Final = "password"  # noqa: S105  a file's name
ADDRESS_FILE: Final = "server.url"  # the URL of the API while it is served: the only one that may receive the password
CLIENT: Final = "PREFECT_API_AUTH_STRING"
SERVER: Final = "PREFECT_SERVER_API_AUTH_STRING"
API: Final = "PREFECT_API_URL"
_KEY: Final = "PREFECT_API_KEY"
_USER: Final = "copydesk"
_BYTES: Final = 32
_ACCESS_OF_OTHERS: Final = stat.S_IRWXG | stat.S_IRWXO


class PasswordError(Exception):
    """A password that others may know or that cannot be read; its text is one sentence for the user."""


def open_home(home: Path) -> None:
    """Make the folder of the server, with access for its owner only. Raises `PasswordError`."""
    try:
        home.mkdir(mode=0o700, parents=True, exist_ok=True)
        if home.stat().st_mode & _ACCESS_OF_OTHERS:
            home.chmod(0o700)
    except OSError as error:
        raise PasswordError(
            f"cannot make {home} private: {reason_of(error)}; give it to the user that serves"
        ) from None


def own_password(home: Path) -> str:
    """Return the password in `home`; the first call makes it. Raises `PasswordError` if other users may read it."""
    path = home / PASSWORD_FILE
    if not path.exists():
        _write(path, f"{_USER}:{secrets.token_urlsafe(_BYTES)}")
    return _read(path)


def set_passwords(environment: MutableMapping[str, str], home: Path) -> str:
    """Set the password of server and clients: the user's own, or that in `home`. Returns in words where it is written.

    Raises `PasswordError`.
    """
    variable = SERVER if environment.get(SERVER) else CLIENT
    password = environment.get(variable)
    if password and (environment.get(CLIENT) or password) != password:
        raise PasswordError(f"{SERVER} and {CLIENT} differ, so no run would be let in; set one of them")
    environment[CLIENT] = environment[SERVER] = password or own_password(home)
    return f"the value of {variable}" if password else f"the line in {home / PASSWORD_FILE}"


def set_client_password(environment: MutableMapping[str, str], home: Path) -> None:
    """Set the password for a client of the server that is served from `home`, and for no other server.

    Raises `PasswordError`.
    """
    if environment.get(CLIENT) or environment.get(_KEY):
        return
    try:
        api = (home / ADDRESS_FILE).read_text("utf-8")
    except OSError:
        return
    if api == environment.get(API, "").rstrip("/") and (home / PASSWORD_FILE).exists():
        environment[CLIENT] = own_password(home)


def _write(path: Path, password: str) -> None:
    # mkstemp makes it 0600 from the start; after a kill the rename leaves the whole line or nothing.
    descriptor, partial = mkstemp(dir=path.parent, prefix=f".{path.name}.")
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(f"{password}\n")
        file.flush()
        os.fsync(descriptor)
    Path(partial).replace(path)


def _read(path: Path) -> str:
    cure = f"delete it, and the next 'copydesk serve' makes a new one: rm {path}"
    try:
        with os.fdopen(os.open(path, os.O_RDONLY | os.O_NOFOLLOW), encoding="utf-8") as file:
            status = os.fstat(file.fileno())
            password = file.read().strip()
    except (OSError, UnicodeDecodeError) as error:
        raise PasswordError(f"cannot read the password in {path}: {reason_of(error)}; {cure}") from None
    if status.st_mode & _ACCESS_OF_OTHERS or status.st_uid != os.geteuid():
        raise PasswordError(f"other users may read the password in {path}; {cure}")
    if not password:
        raise PasswordError(f"no password is in {path}; {cure}")
    return password
