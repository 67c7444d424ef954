"""The URL of an object store: which one it names, and by whose credentials it is opened."""

from __future__ import annotations

import os
from configparser import ConfigParser
from configparser import Error as ParserError
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import parse_qsl, urlsplit

from warehouse.errors import StorageError

if TYPE_CHECKING:
    from obstore.store import ObjectStore as Client

S3_OPTIONS: Final = ("endpoint_override", "region", "scheme")
CONNECT_TIMEOUT: Final = timedelta(seconds=5)
READ_TIMEOUT: Final = timedelta(seconds=20)
REQUEST_TIMEOUT: Final = timedelta(minutes=10)
RETRY_TIMEOUT: Final = timedelta(seconds=30)
MAX_RETRIES: Final = 4
# Of these the client takes the credentials by itself; without any it asks the machine's own address for them.
CREDENTIAL_VARIABLES: Final = (
    "AWS_ACCESS_KEY_ID",
    "AWS_WEB_IDENTITY_TOKEN_FILE",
    "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
    "AWS_CONTAINER_CREDENTIALS_FULL_URI",
    "AWS_SKIP_SIGNATURE",
)


def open_client(url: str, query: str) -> Client:
    """Open the client of the store that a URL names, its paths relative to the URL's. Asks the store nothing.

    Raises `StorageError` for a URL that cannot be meant, and for a credentials file that cannot be read.
    """
    from obstore.exceptions import BaseError
    from obstore.store import S3Store, from_url

    parts = urlsplit(url)
    if "@" in parts.netloc and parts.scheme == "s3":
        raise StorageError(
            f"the URL s3://…@{parts.netloc.rpartition('@')[2]}{parts.path} holds credentials, and messages would show"
            " them; put them into AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY"
        )
    shared: dict[str, Any] = {
        "client_options": {
            "connect_timeout": CONNECT_TIMEOUT,
            "read_timeout": READ_TIMEOUT,
            "timeout": REQUEST_TIMEOUT,
            "allow_http": True,
        },
        "retry_config": {"max_retries": MAX_RETRIES, "retry_timeout": RETRY_TIMEOUT},
    }
    try:
        if parts.scheme != "s3":
            _check_options(url, query, ())
            return from_url(url.replace("gcs://", "gs://", 1), **shared)
        config: Any = {**_profile(), **_s3_options(url, query), "disable_bulk_delete": True}
        return S3Store(parts.netloc, prefix=parts.path.strip("/") or None, config=config, **shared)
    except (BaseError, ValueError) as error:
        problem = str(error).partition("\n")[0]
        raise StorageError(f"cannot open the store {url}: {problem}; correct the URL behind --data") from error


def _check_options(url: str, query: str, known: tuple[str, ...]) -> dict[str, str]:
    options = dict(parse_qsl(query, keep_blank_values=True))
    for name in options:
        if name not in known:
            choice = f"; known are {', '.join(known)}" if known else "; it takes none"
            raise StorageError(f"the URL of the store {url} has an unknown option {name!r}{choice}")
    return options


def _s3_options(url: str, query: str) -> dict[str, Any]:
    options = _check_options(url, query, S3_OPTIONS)
    config = {"region": options["region"]} if options.get("region") else {}
    if endpoint := options.get("endpoint_override"):
        config["endpoint"] = endpoint if "://" in endpoint else f"{options.get('scheme', 'https')}://{endpoint}"
    return config


def _profile() -> dict[str, Any]:
    """Return what the files of the AWS command line say, where the environment does not; empty without them."""
    if any(os.environ.get(name) for name in CREDENTIAL_VARIABLES):
        return {}
    profile = os.environ.get("AWS_PROFILE") or "default"
    secrets = _section("AWS_SHARED_CREDENTIALS_FILE", "credentials", profile)
    config = _section("AWS_CONFIG_FILE", "config", profile if profile == "default" else f"profile {profile}")
    names = {
        "access_key_id": secrets.get("aws_access_key_id"),
        "secret_access_key": secrets.get("aws_secret_access_key"),
        "session_token": secrets.get("aws_session_token"),
        "region": None if _environment_region() else config.get("region"),
        "endpoint": None if os.environ.get("AWS_ENDPOINT_URL") else config.get("endpoint_url"),
    }
    return {name: value for name, value in names.items() if value}


def _environment_region() -> str | None:
    return os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION")


def _section(variable: str, name: str, section: str) -> dict[str, str]:
    path = Path(os.environ.get(variable) or Path.home() / ".aws" / name)
    parser = ConfigParser(interpolation=None)
    try:
        parser.read(path, "utf-8")
    except (OSError, UnicodeDecodeError, ParserError) as error:
        # The parser's own message quotes the line, which may be a secret.
        raise StorageError(f"cannot read the credentials in {path}: {type(error).__name__}; correct the file") from None
    return dict(parser[section]) if parser.has_section(section) else {}
