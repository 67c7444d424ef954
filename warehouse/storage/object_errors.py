"""What an object store refuses, as an OSError with its cure: one sentence each."""

from __future__ import annotations

import errno
import re
from contextlib import contextmanager
from http import HTTPStatus
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

ENDPOINT: Final = re.compile(r"https?://[^/\s]+")
STATUS: Final = re.compile(r"status code: (\d{3})")
CODE: Final = re.compile(r"<Code>(\w+)</Code>")
# Without other credentials a client asks the machine that it runs on, if that is one of a cloud.
METADATA_ADDRESS: Final = "169.254.169.254"
CREDENTIALS: Final = (
    "check the credentials (AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY), or name a profile in AWS_PROFILE"
)


class ObjectError(OSError):
    """An answer of an object store, or none; `cure` is what to do about it, `status` its HTTP status or 0."""

    def __init__(self, problem: str, cure: str, number: int = errno.EIO, status: int = 0) -> None:
        super().__init__(number, problem)
        self.cure: Final = cure
        self.status: Final = status

    def __str__(self) -> str:
        # All that is left of it where DuckDB hands it on.
        return f"{self.strerror}; {self.cure}"


class ReplacedError(ObjectError):
    """An object that was replaced or deleted since the store was listed."""


@contextmanager
def as_os_errors() -> Iterator[None]:
    """Raise the errors of the client as `ObjectError`, and FileNotFoundError for an object that is not there."""
    from obstore.exceptions import BaseError

    try:
        yield
    except FileNotFoundError as error:
        if _code(str(error)) == "NoSuchBucket":
            raise _no_bucket() from None
        raise FileNotFoundError(errno.ENOENT, "no such object") from None
    except BaseError as error:
        raise _explain(error) from None


def _explain(error: Exception) -> OSError:
    from obstore.exceptions import PreconditionError

    message = str(error)
    code, status = _code(message), _status(message)
    if isinstance(error, PreconditionError):
        return ReplacedError("it was replaced meanwhile", "run the command again")
    if code == "NoSuchBucket":
        return _no_bucket()
    if METADATA_ADDRESS in message:
        return ObjectError("no credentials for the store", CREDENTIALS, errno.EACCES)
    if "incorrectly configured region" in message:
        return _refused(HTTPStatus.MOVED_PERMANENTLY, code)
    return _refused(status, code) if status else _unreachable(message)


def _refused(status: int, code: str) -> ObjectError:
    answer = f"the store answers {int(status)} {code}".rstrip()
    if code == "RequestTimeTooSkewed":
        return ObjectError(answer, "set the clock of this machine")
    if status in (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN):
        return ObjectError(answer, CREDENTIALS, errno.EACCES)
    if status == HTTPStatus.MOVED_PERMANENTLY or code == "AuthorizationHeaderMalformed":
        return ObjectError(answer, "set the bucket's region in AWS_REGION")
    return ObjectError(answer, "try again later, or look at the store's own log", status=status)


def _unreachable(message: str) -> ObjectError:
    endpoint = match[0] if (match := ENDPOINT.search(message)) else "the store"
    text = message.lower()
    if "dns error" in text or "failed to lookup" in text:
        problem = f"the name of {endpoint} is not known"
    elif "timed out" in text or "kind: timeout" in text:
        problem = f"{endpoint} did not answer in time"
    elif "connection refused" in text:
        problem = f"{endpoint} refuses connections"
    elif "certificate" in text:
        problem = f"the certificate of {endpoint} is not trusted"
    else:
        problem = f"{endpoint} cannot be reached"
    return ObjectError(
        problem, "check the endpoint (endpoint_override of the URL, or AWS_ENDPOINT_URL) and the network"
    )


def _no_bucket() -> ObjectError:
    return ObjectError("there is no such bucket", "make the bucket, or choose another data root with --data")


def _code(message: str) -> str:
    return match[1] if (match := CODE.search(message)) else ""


def _status(message: str) -> int:
    return int(match[1]) if (match := STATUS.search(message)) else 0
