"""Free ports, and waiting for what a process of its own does."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable
from contextlib import closing
from typing import Any


def free_ports() -> tuple[int, int]:
    """Two, one after the other."""
    while True:
        with closing(socket.socket()) as first, closing(socket.socket()) as second:
            first.bind(("127.0.0.1", 0))
            port = first.getsockname()[1]
            try:
                second.bind(("127.0.0.1", port + 1))
            except OSError:
                continue
            return port, port + 1


def wait_for(condition: Callable[[], Any], seconds: float, subject: str) -> Any:
    """Wait until `condition` returns something true, and return that; fail after `seconds`."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if result := condition():
            return result
        time.sleep(0.3)
    raise AssertionError(f"not true in {seconds:g} s: {subject}")
