"""Inputs: the ways in which a source's articles come in, told apart by `kind`; each has keys of its own."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from pathlib import Path
from typing import Annotated, Final, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from config.schedule import read_period

_URL: Final = r"^https?://[^/@\s]+(/\S*)?$"

_REGEX_CURES: Final = (
    ("nothing to repeat", "'*', '+' and '?' repeat what is before them; '.*' is any text"),
    ("multiple repeat", "'*', '+' and '?' repeat what is before them; put a backslash before a sign meant as such"),
    ("missing )", "'(' is not closed; put a backslash before one that is meant as such"),
    ("unbalanced parenthesis", "')' without '('; put a backslash before one that is meant as such"),
    ("unterminated character set", "'[' is not closed; put a backslash before one that is meant as such"),
)


def _regex(pattern: str) -> str:
    try:
        re.compile(pattern)
    except re.error as error:
        character = "" if error.pos is None else f" at character {error.pos + 1}"
        cure = next((cure for words, cure in _REGEX_CURES if error.msg.startswith(words)), error.msg)
        raise ValueError(f"not a regular expression{character}: {cure}") from None
    return pattern


def _glob(pattern: str) -> str:
    parts = pattern.split("/")
    if pattern.startswith("/") or ".." in parts or any("**" in part and part != "**" for part in parts):
        raise ValueError("not a pattern inside the folder, such as '*.html' or '**/*.txt'")
    return pattern


def _period(text: str) -> str:
    read_period(text)
    return text


def _url(url: str) -> str:
    if re.fullmatch(_URL, url):
        return url
    scheme, separator, rest = url.partition("://")
    if separator and "@" in rest.partition("/")[0]:
        raise ValueError("an address without user and password is wanted; write username and password into [fetch]")
    if any(character.isspace() for character in url):
        raise ValueError("an address has no spaces")
    if scheme not in {"http", "https"}:
        raise ValueError("an address begins with https:// or http://")
    raise ValueError("not a whole address, such as https://news.example/rss.xml")


def _path(path: Path) -> Path:
    if not str(path).isprintable():
        raise ValueError("a path holds no control character; put one with a backslash in single quotation marks")
    return path


FilePath = Annotated[Path, AfterValidator(_path)]
Url = Annotated[
    str,
    AfterValidator(_url),
    Field(description="http or https, without a password.", json_schema_extra={"pattern": _URL}),
]
Pattern = Annotated[str, AfterValidator(_regex)]
FollowLinks = Annotated[
    bool, Field(strict=True, description="Also files that are links to what lies outside the folder.")
]


class ConfigTable(BaseModel):
    """A table of a source's file: no unknown keys."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class InputTable(ConfigTable):
    """One `[[input]]` of a source's file."""

    @property
    def holds_articles(self) -> bool:
        """Whether the entries of its listing are whole articles, so that no page is fetched."""
        return False

    def accepts(self, url: str) -> bool:  # noqa: ARG002  an input without a filter takes every address
        """Return whether the input takes the document at a URL."""
        return True

    @property
    def period(self) -> timedelta | None:
        """Return the time between two looks at its listing that the configuration gives, if it does."""
        return None

    def oldest_taken(self, now: datetime) -> datetime | None:  # noqa: ARG002
        """Return the time before which dated articles are left out; None if the input takes any age."""
        return None


class FolderInput(InputTable):
    """Files in a folder: text (.txt, .md) and HTML (.html, .htm), each also .gz."""

    kind: Literal["folder"]
    path: FilePath = Field(description="The folder, relative to this file.")
    glob: Annotated[str, AfterValidator(_glob)] = Field(
        "**/*", min_length=1, description="Which files in it, such as '*.html' or '**/*.txt'."
    )
    follow_links: FollowLinks = False


class _UrlFilter(InputTable):
    include: Pattern | None = Field(None, description="Only addresses in which this is found.")
    exclude: Pattern | None = Field(None, description="No address in which this is found.")

    def accepts(self, url: str) -> bool:
        """Return whether a URL matches `include` and does not match `exclude`."""
        is_included = self.include is None or re.search(self.include, url) is not None
        return is_included and (self.exclude is None or re.search(self.exclude, url) is None)


class _PolledInput(_UrlFilter):
    # Not in what identifies an input, as it decides when its documents are seen and not which.
    every: Annotated[str, AfterValidator(_period)] | None = Field(
        None,
        exclude=True,
        description="Looked at as often, such as '10 minutes', at a turn of the schedule; else as often as it changes.",
    )

    @property
    def period(self) -> timedelta | None:
        """Return the time between two looks that `every` gives, if it does."""
        return None if self.every is None else read_period(self.every)


class FeedInput(_PolledInput):
    """A feed: RSS, Atom or JSON Feed."""

    kind: Literal["feed"]
    url: Url = Field(description="The feed's address.")
    pages: Annotated[int, Field(ge=1, le=1_000)] = Field(
        10, description="Pages of a paged or archived feed that are followed back to the first known entry."
    )
    full_text: bool = Field(
        False, strict=True, description="The entries hold whole articles, however short: no page is fetched."
    )
    sitemap: Url | None = Field(
        None, description="A sitemap to look in where entries may have come and gone; else those of robots.txt."
    )

    @property
    def holds_articles(self) -> bool:
        """`full_text`, under the name that every input has."""
        return self.full_text


class SitemapInput(_PolledInput):
    """A sitemap or an index of sitemaps, also .gz; news sitemaps give titles and dates."""

    kind: Literal["sitemap"]
    url: Url = Field(description="The sitemap's address.")
    max_age_days: Annotated[float, Field(gt=0)] | None = Field(
        None, description="Only addresses dated within so many days; those without a date are taken."
    )
    alternates: bool = Field(
        False, strict=True, description="Also the addresses of other languages that an entry names."
    )

    def oldest_taken(self, now: datetime) -> datetime | None:
        """Return the time `max_age_days` before `now`."""
        return None if self.max_age_days is None else now - timedelta(days=self.max_age_days)


class PagesInput(_PolledInput):
    """Pages by their addresses, or the links of a section page."""

    kind: Literal["pages"]
    urls: tuple[Url, ...] = Field((), description="The pages' addresses.")
    path: FilePath | None = Field(None, description="A file with one address a line, relative to this file.")
    url: Url | None = Field(None, description="A section page, looked at again and again for new links.")
    links: Pattern | None = Field(None, description="Which links of the section page, by their absolute addresses.")

    @model_validator(mode="after")
    def _check_origin(self) -> PagesInput:
        if (bool(self.urls), self.path is not None, self.url is not None).count(True) != 1:
            raise ValueError("give one of urls, path and url")
        if (self.url is None) != (self.links is None):
            raise ValueError("url and links go together: a section page, and which of its links are articles")
        if self.every is not None and self.url is None:
            raise ValueError("every goes with url: pages of a list are fetched again by `recheck`")
        return self


class WarcInput(_UrlFilter):
    """Web archives (WARC, WET, ARC, WACZ, also packed), or a list of them (.paths, .txt) such as CC-NEWS publishes."""

    kind: Literal["warc"]
    path: FilePath | None = Field(None, description="A file, a folder of files, or a list, relative to this file.")
    url: Url | None = Field(None, description="The address of a file (up to 1.5 GB) or of a list instead.")
    prefix: str | None = Field(None, description="What stands before each path of a list, such as a host's address.")
    follow_links: FollowLinks = False

    @model_validator(mode="after")
    def _check_origin(self) -> WarcInput:
        if (self.path is None) == (self.url is None):
            raise ValueError("give either path or url")
        return self


class JsonlInput(InputTable):
    """Records: JSON, CSV, Parquet or a workbook, also packed or in a zip; `fields` names its keys for our columns."""

    kind: Literal["jsonl"]
    path: FilePath | None = Field(
        None, description="The file, relative to this file; known by its first bytes, a table of text by .csv or .tsv."
    )
    url: Url | None = Field(None, description="Its address instead.")
    fields: dict[str, str] = Field(
        default_factory=dict, description="Column = key of the file, such as title = 'headline'; a.b reaches inside."
    )

    @model_validator(mode="after")
    def _check_origin(self) -> JsonlInput:
        if (self.path is None) == (self.url is None):
            raise ValueError("give either path or url")
        if unknown := sorted(self.fields.keys() - RECORD_FIELDS):
            raise ValueError(f"fields: unknown column '{unknown[0]}'; known: {', '.join(sorted(RECORD_FIELDS))}")
        return self


# What a record of a JSON Lines file may hold; a file that uses these names needs no `fields`.
RECORD_FIELDS: Final = frozenset(
    "id url html text title description authors by located section tags info_sources image_url image_caption "
    "image_credit license language published_at modified_at canonical_url".split()
)

Input = Annotated[
    FeedInput | SitemapInput | PagesInput | FolderInput | WarcInput | JsonlInput, Field(discriminator="kind")
]

INPUTS: Final[dict[str, type[InputTable]]] = {
    "feed": FeedInput,
    "sitemap": SitemapInput,
    "pages": PagesInput,
    "folder": FolderInput,
    "warc": WarcInput,
    "jsonl": JsonlInput,
}
