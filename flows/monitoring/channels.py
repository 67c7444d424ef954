"""Alert channels: an HTTP webhook, and a command that reads JSON from stdin."""

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

from config.errors import reason_of
from config.settings import Settings
from warehouse.wording import lower_first

MAX_ATTEMPT_SECONDS: Final = 10.0
RETRY_WAITS_SECONDS: Final = (1.0, 3.0)  # before the second attempt and the third
MAX_COMMAND_SECONDS: Final = 30.0
MAX_COMPLAINT_CHARACTERS: Final = 200


class Hook(Protocol):
    """A receiver of alerts; its `name` is the setting that configures it."""

    @property
    def name(self) -> str:
        """The name of the setting."""

    def send(self, payload: bytes) -> str | None:
        """Deliver an alert. Returns a sentence about the failure, without secrets, or None."""


def hooks_of(settings: Settings) -> list[Hook]:
    """Return the hooks that the settings configure."""
    hooks: list[Hook] = []
    if settings.alert_webhook:
        hooks.append(Webhook(settings.alert_webhook))
    if settings.alert_command:
        hooks.append(Command(tuple(shlex.split(settings.alert_command))))
    return hooks


@dataclass(frozen=True, slots=True)
class Webhook:
    """A URL that JSON is posted to; it may contain a token and is never shown."""

    url: str = field(repr=False)
    waits: tuple[float, ...] = RETRY_WAITS_SECONDS
    seconds: float = MAX_ATTEMPT_SECONDS  # for one whole attempt
    name: str = "alert_webhook"

    def send(self, payload: bytes) -> str | None:
        """Post it; retry after no answer, a 429 or a 5xx. Must not be called inside an event loop."""
        return asyncio.run(self._send(payload))

    async def _send(self, payload: bytes) -> str | None:
        problem: str | None = None
        for wait in (*self.waits, None):
            problem, may_pass = await self._post(payload)
            if problem is None or not may_pass or wait is None:
                break
            await asyncio.sleep(wait)
        return problem and f"{self.name} at {httpx.URL(self.url).host}: {problem}"

    async def _post(self, payload: bytes) -> tuple[str | None, bool]:
        """Return the problem, if any, and whether it may pass."""
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
            message = str(error).replace(self.url, "its address") or type(error).__name__
            return f"{lower_first(message)}; see whether it is up and the address right", True
        if response.is_success:
            return None, False
        may_pass = response.status_code == httpx.codes.TOO_MANY_REQUESTS or response.is_server_error
        cure = "see whether it is up" if may_pass else "see whether the address is right"
        return f"answered {response.status_code} {response.reason_phrase}".rstrip() + f"; {cure}", may_pass


@dataclass(frozen=True, slots=True)
class Command:
    """A program that is started without a shell, with the JSON on its stdin; its arguments may contain a token."""

    argv: tuple[str, ...] = field(repr=False)
    seconds: float = MAX_COMMAND_SECONDS
    name: str = "alert_command"

    def send(self, payload: bytes) -> str | None:
        """Start the program and wait for its end; after `seconds` kill it and its children."""
        # Not a pipe: a child that it left in the background would keep the pipe open, and us waiting.
        with tempfile.TemporaryFile() as stderr:
            problem = self._run(payload, stderr)
            return problem and f"{self.name} {self.argv[0]}: {problem}"

    def _run(self, payload: bytes, stderr: IO[bytes]) -> str | None:
        try:
            process = subprocess.Popen(  # noqa: S603  what the installation's owner wrote
                self.argv, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=stderr, start_new_session=True
            )
        except OSError as error:
            return f"cannot be started: {reason_of(error)}; give its full path"
        with process:
            try:
                process.communicate(payload, timeout=self.seconds)
            except subprocess.TimeoutExpired:
                with suppress(ProcessLookupError):
                    os.killpg(process.pid, signal.SIGKILL)
                return f"did not end in {self.seconds:g} s and was killed; let it do its work in the background"
        if process.returncode == 0:
            return None
        complaint = next(self._last_lines(stderr), "")
        return f"ended with exit code {process.returncode}" + (f": {complaint}" if complaint else "")

    def _last_lines(self, stderr: IO[bytes]) -> Iterator[str]:
        stderr.seek(0)
        for line in reversed(stderr.read().decode("utf-8", "replace").splitlines()):
            text = "".join(character for character in line.strip() if character.isprintable())
            for argument in filter(None, self.argv[1:]):
                text = text.replace(argument, "…")
            if text:
                yield text[:MAX_COMPLAINT_CHARACTERS]
