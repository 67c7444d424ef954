"""The ways out of the house for an alert: an address that takes JSON, a program that reads it."""

from __future__ import annotations

import asyncio
import os
import shlex
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from typing import IO, Final, Protocol

import httpx

from config.settings import Settings

ATTEMPT_SECONDS: Final = 10.0
WAITS: Final = (1.0, 3.0)
"""Seconds before the second attempt and the third."""
COMMAND_SECONDS: Final = 30.0
SHOWN: Final = 200
"""Characters of what a command complains of."""


class Hook(Protocol):
    """A way to tell; its `name` is that of the setting it comes from."""

    @property
    def name(self) -> str:
        """The setting."""

    def send(self, payload: bytes) -> str | None:
        """Hand an alert over; why that failed, in one sentence without secrets, or None."""


def hooks_of(settings: Settings) -> list[Hook]:
    """The hooks that are set."""
    hooks: list[Hook] = []
    if settings.alert_webhook:
        hooks.append(Webhook(settings.alert_webhook))
    if settings.alert_command:
        hooks.append(Command(tuple(shlex.split(settings.alert_command))))
    return hooks


@dataclass(frozen=True, slots=True)
class Webhook:
    """Posts JSON; its address may hold a token, and is never shown."""

    url: str = field(repr=False)
    waits: tuple[float, ...] = WAITS
    seconds: float = ATTEMPT_SECONDS
    """For one whole attempt."""
    name: str = "alert_webhook"

    def send(self, payload: bytes) -> str | None:
        """Post it; tried again where no answer, a 429 or a 5xx came. Not from inside an event loop."""
        return asyncio.run(self._send(payload))

    async def _send(self, payload: bytes) -> str | None:
        problem: str | None = None
        for wait in (*self.waits, None):
            problem, passes = await self._post(payload)
            if problem is None or not passes or wait is None:
                break
            await asyncio.sleep(wait)
        return problem and f"{self.name} at {httpx.URL(self.url).host}: {problem}"

    async def _post(self, payload: bytes) -> tuple[str | None, bool]:
        """What went wrong, if anything, and whether that may pass."""
        # Not through a client: httpx would write the whole address, token and all, into the log.
        headers = {"content-type": "application/json", "user-agent": "copydesk"}
        try:
            request = httpx.Request("POST", self.url, headers=headers, content=payload)
            async with asyncio.timeout(self.seconds), httpx.AsyncHTTPTransport() as transport:
                response = await transport.handle_async_request(request)
                await response.aclose()
        except TimeoutError:
            return f"no answer in {self.seconds:g} s; see whether it is up", True
        except (httpx.HTTPError, httpx.InvalidURL, OSError) as error:
            told = str(error).replace(self.url, "its address") or type(error).__name__
            return f"{told[:1].lower()}{told[1:]}; see whether it is up and the address right", True
        if response.is_success:
            return None, False
        passes = response.status_code == httpx.codes.TOO_MANY_REQUESTS or response.is_server_error
        cure = "see whether it is up" if passes else "see whether the address is right"
        return f"answered {response.status_code} {response.reason_phrase}".rstrip() + f"; {cure}", passes


@dataclass(frozen=True, slots=True)
class Command:
    """Starts a program, without a shell, with the JSON on its stdin; its arguments may hold a token."""

    argv: tuple[str, ...] = field(repr=False)
    seconds: float = COMMAND_SECONDS
    name: str = "alert_command"

    def send(self, payload: bytes) -> str | None:
        """Start it and wait for its end; what it started is ended with it when it takes too long."""
        # Not pipes: a child that it left in the background would keep them open, and us waiting.
        with tempfile.TemporaryFile() as said:
            problem = self._run(payload, said)
            return problem and f"{self.name} {self.argv[0]}: {problem}"

    def _run(self, payload: bytes, said: IO[bytes]) -> str | None:
        try:
            process = subprocess.Popen(  # noqa: S603  what the installation's owner wrote
                self.argv, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=said, start_new_session=True
            )
        except OSError as error:
            return f"cannot be started: {(error.strerror or str(error)).lower()}; give its full path"
        with process:
            try:
                process.communicate(payload, timeout=self.seconds)
            except subprocess.TimeoutExpired:
                with suppress(ProcessLookupError):
                    os.killpg(process.pid, signal.SIGKILL)
                return f"did not end in {self.seconds:g} s and was killed; let it do its work in the background"
        if process.returncode == 0:
            return None
        complaint = next(self._last_lines(said), "")
        return f"ended with exit code {process.returncode}" + (f": {complaint}" if complaint else "")

    def _last_lines(self, said: IO[bytes]) -> Iterator[str]:
        said.seek(0)
        for line in reversed(said.read().decode("utf-8", "replace").splitlines()):
            told = "".join(character for character in line.strip() if character.isprintable())
            for argument in filter(None, self.argv[1:]):
                told = told.replace(argument, "…")
            if told:
                yield told[:SHOWN]
