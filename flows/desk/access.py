"""The password in front of the desk, where it has one."""

from __future__ import annotations

import asyncio
import base64
import binascii
import secrets
from dataclasses import dataclass
from http import HTTPStatus
from typing import Final

from starlette.datastructures import Headers
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send

SECONDS_AFTER_WRONG: Final = 1.0
"""The wait before a wrong password is answered, so that nobody can try many."""


@dataclass(frozen=True, slots=True)
class Locked:
    """An ASGI app behind a password, `user:password` as HTTP's basic authentication has it."""

    app: ASGIApp
    password: str

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request that has the password; ask for it otherwise."""
        if scope["type"] == "http":
            header = Headers(scope=scope).get("authorization", "")
            if not secrets.compare_digest(credentials(header), self.password.encode()):
                if header:
                    await asyncio.sleep(SECONDS_AFTER_WRONG)
                await _REFUSAL(scope, receive, send)
                return
        await self.app(scope, receive, send)


def credentials(header: str) -> bytes:
    """Return `user:password` of an `Authorization` header; empty if it has none."""
    scheme, _, value = header.partition(" ")
    if scheme.lower() != "basic":
        return b""
    try:
        return base64.b64decode(value.strip(), validate=True)
    except (binascii.Error, ValueError):
        return b""


_REFUSAL: Final = PlainTextResponse(
    "This page asks for a user name and a password.\n",
    HTTPStatus.UNAUTHORIZED,
    {"WWW-Authenticate": 'Basic realm="Copydesk", charset="UTF-8"'},
)
