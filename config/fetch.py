"""What a source needs to be let in: names, headers, cookies, a password, a proxy; and where their values are kept."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Final

from pydantic import AfterValidator, ConfigDict, Field, model_validator

from config.errors import ConfigError
from config.inputs import ConfigTable

MAX_SECRET_BYTES: Final = 1_000_000
ENVIRONMENT: Final = "env:"
FILE: Final = "file:"
PROXY_SCHEMES: Final = ("http", "https", "socks5", "socks5h")
_HEADER_NAME: Final = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
# What each request says by itself, or what would change how its response is read.
_OWN_HEADERS: Final = frozenset(
    "host user-agent accept-encoding connection content-length transfer-encoding te upgrade if-none-match"
    " if-modified-since range cookie authorization proxy-authorization".split()
)
_VALUE: Final = "itself, `env:NAME` of a variable, or `file:PATH` of a file"


def _header_names(headers: dict[str, str]) -> dict[str, str]:
    for name in headers:
        if not _HEADER_NAME.fullmatch(name):
            raise ValueError(f"'{name}' is not the name of a header")
        if name.lower() in _OWN_HEADERS:
            raise ValueError(
                f"'{name}' is a header that Copydesk sets; use user_agent, cookies, or username and password"
            )
    return headers


Headers = Annotated[dict[str, str], AfterValidator(_header_names)]


class FetchDefaults(ConfigTable):
    """How every source is fetched, unless it says otherwise."""

    model_config = ConfigDict(hide_input_in_errors=True)

    user_agent: str | None = Field(None, min_length=1, description="The User-Agent in place of Copydesk's own.")
    headers: Headers = Field({}, repr=False, description=f"More headers; each value is {_VALUE}.")
    proxy: str | None = Field(
        None, repr=False, description=f"URL of an HTTP or SOCKS5 proxy, such as socks5://127.0.0.1:1080; {_VALUE}."
    )

    def __hash__(self) -> int:
        """Return a hash of all values; a source is a key of caches, and a dictionary has no hash of its own."""
        return hash(self.model_dump_json())


class SettingsFetch(FetchDefaults):
    """`[fetch]` of `copydesk.toml`."""

    environment_proxy: bool = Field(False, description="Whether HTTP_PROXY, HTTPS_PROXY and NO_PROXY are honoured.")


class SourceFetch(FetchDefaults):
    """`[fetch]` of a source."""

    cookies: str | None = Field(
        None, repr=False, description=f"`name=value; …`, or a file of cookies in Netscape's format; {_VALUE}."
    )
    username: str | None = Field(None, repr=False, description=f"User name of HTTP's basic authentication; {_VALUE}.")
    password: str | None = Field(None, repr=False, description=f"Its password; {_VALUE}.")

    @model_validator(mode="after")
    def _has_both(self) -> SourceFetch:
        if (self.username is None) != (self.password is None):
            raise ValueError("username and password go together")
        return self


def read_secret(value: str, key: str, folder: Path, environment: Mapping[str, str] = os.environ) -> str:
    """Return a value that stands in the configuration itself, in a variable or in a file, relative to `folder`.

    Raises `ConfigError`, which names `key` and where the value was looked for, and never the value.
    """
    if value.startswith(ENVIRONMENT):
        name = value.removeprefix(ENVIRONMENT)
        if not environment.get(name):
            raise ConfigError(f"{key}: the environment has no variable {name}; set it where Copydesk runs")
        return environment[name]
    if value.startswith(FILE):
        path = folder / Path(value.removeprefix(FILE)).expanduser()
        try:
            with path.open("rb") as file:
                content = file.read(MAX_SECRET_BYTES + 1)
            if len(content) > MAX_SECRET_BYTES:
                raise ConfigError(f"{key}: {path} has more than {MAX_SECRET_BYTES:,} bytes; name the right file")
            return content.decode("utf-8").strip("\r\n")
        except (OSError, ValueError) as error:
            problem = getattr(error, "strerror", None) or "it is no UTF-8"
            raise ConfigError(f"{key}: cannot read {path}: {problem.lower()}; correct the path or its rights") from None
    return value
