"""An S3 server on this machine that counts what it is asked for; state lives in memory, one bucket named `paper`."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from http.client import HTTPConnection
from pathlib import Path
from typing import Any, Final
from urllib.parse import parse_qs

import pytest

BUCKET: Final = "paper"
CREDENTIALS: Final = {"AWS_ACCESS_KEY_ID": "writer", "AWS_SECRET_ACCESS_KEY": "secret", "AWS_REGION": "us-east-1"}

Application = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]


class Bucket:
    """A bucket and the requests that came for it."""

    def __init__(self, port: int, requests: list[tuple[str, str, str]]) -> None:
        self.port = port
        self.requests = requests
        """Method, path and query of each since the last call of `take`."""
        self.answers: dict[str, str] = {}
        """What is answered instead of the store's own: a status by what `count` counts, such as `{"PUT": "403 Forbidden"}`."""
        self.ignores_conditions = False

    def url(self, folder: str = "news") -> str:
        return f"s3://{BUCKET}/{folder}?endpoint_override=127.0.0.1:{self.port}&scheme=http&region=us-east-1"

    def take(self) -> list[tuple[str, str, str]]:
        requests, self.requests[:] = list(self.requests), []
        return requests

    def count(self) -> Counter[str]:
        """Count the requests since the last call, by what S3 calls and bills them."""
        return Counter(_kind(method, query) for method, _, query in self.take())


def _kind(method: str, query: str) -> str:
    return "LIST" if method == "GET" and "list-type" in parse_qs(query, keep_blank_values=True) else method


@contextmanager
def serve_bucket() -> Iterator[Bucket]:
    from moto.moto_server.werkzeug_app import DomainDispatcherApplication, MotoRequestHandler, create_backend_app
    from werkzeug.serving import make_server

    moto: Application = DomainDispatcherApplication(create_backend_app)
    bucket = Bucket(0, [])

    def answer(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        method = environ["REQUEST_METHOD"]
        if environ["PATH_INFO"].startswith(f"/{BUCKET}"):
            bucket.requests.append((method, environ["PATH_INFO"], environ["QUERY_STRING"]))
        if status := bucket.answers.get(_kind(method, environ["QUERY_STRING"])):
            start_response(status, [("Content-Length", "0")])
            return []
        if bucket.ignores_conditions:
            environ.pop("HTTP_IF_MATCH", None)
            environ.pop("HTTP_IF_NONE_MATCH", None)
        return moto(environ, start_response)

    class Quiet(MotoRequestHandler):  # type: ignore[misc]
        protocol_version = "HTTP/1.1"

        def log(self, *_: object) -> None:
            pass

    server = make_server("127.0.0.1", 0, answer, threaded=True, request_handler=Quiet)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        bucket.port = server.server_port
        _make(bucket)
        yield bucket
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def _make(bucket: Bucket) -> None:
    connection = HTTPConnection("127.0.0.1", bucket.port)
    # By these moto sees that the request is for S3.
    scope = "writer/20261129/us-east-1/s3/aws4_request"
    connection.request("PUT", f"/{BUCKET}", headers={"Authorization": f"AWS4-HMAC-SHA256 Credential={scope}"})
    assert connection.getresponse().status == 200
    connection.close()
    bucket.take()


@pytest.fixture(scope="module")
def bucket() -> Iterator[Bucket]:
    with serve_bucket() as bucket:
        yield bucket


@pytest.fixture
def this_machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, bucket: Bucket) -> None:
    """This process as one machine with the credentials of the bucket, which answers as it should."""
    for name, value in CREDENTIALS.items():
        monkeypatch.setenv(name, value)
    use_machine("this", tmp_path, monkeypatch)
    bucket.ignores_conditions = False
    bucket.answers.clear()


def use_machine(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / name))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / name))
