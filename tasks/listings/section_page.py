"""Pages: read the links of a section page, or a list of URLs that the source or a file names."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Final

from config.errors import reason_of
from config.inputs import PagesInput
from config.redact import redact
from tasks.html.parse import parse_html
from tasks.listings.entries import article_url, listed_url
from tasks.listings.input_reader import InputError, InputReader, ReadContext
from tasks.listings.listing import Entry, Listing, ListingError
from tasks.listings.xml import cut_tags
from tasks.metadata.urls import is_web_url
from tasks.text.decode import Refusal, decode
from tasks.text.decompress import DecompressionError, open_decompressed
from tasks.text.text_lines import UTF_8, file_charset, open_text, read_sample
from warehouse.model.records import Item, Rejection
from warehouse.model.vocabulary import Reason, Stage

MAX_LINKS: Final = 10_000
MAX_ANCHORS: Final = 50_000  # links of any kind
_MAX_SHOWN_CHARACTERS: Final = 100


class PagesReader(InputReader[PagesInput]):
    """Polls a section page, or reads a list of URLs."""

    fetches_pages = True

    @property
    def is_polled(self) -> bool:
        """Whether the input is a section page."""
        return self.entry.url is not None

    @property
    def endpoint(self) -> str:
        """The URL of the section page, else of the file that lists the URLs."""
        path = self.entry.path or Path(f"{self.source.id}.toml")
        return self.entry.url or (self.source.folder / path).resolve().as_uri()

    def documents(self, context: ReadContext) -> Iterator[Item | Rejection]:
        """Return an item for each URL of the list, and a rejection for each line that is none."""
        source, found_in = self.source, self.endpoint
        for number, line in enumerate(self._lines(), 1):
            url, _ = listed_url(line)
            if not url or url.startswith("#") or not self.entry.accepts(url):
                continue
            if is_web_url(url):
                yield Item(source.id, url, url, found_in, context.seen_at)
                continue
            text = redact(url)[:_MAX_SHOWN_CHARACTERS]
            detail = f"line {number} is not an http or https address without a password: {text}"
            line_url = f"{found_in}#line={number}"
            yield Rejection(source.id, line_url, None, Stage.DISCOVER, Reason.BAD_RECORD, detail)

    def read_listing(self, content: bytes, url: str, media_type: str | None, charset: str | None) -> Listing:  # noqa: ARG002
        """Parse the links of the section page. Raises `ListingError`."""
        return read_links(content, url, self.entry.links or "", charset)

    def _lines(self) -> Iterator[str]:
        if self.entry.path is None:
            yield from self.entry.urls
            return
        path = (self.source.folder / self.entry.path).resolve()
        cure = f"correct `path` in {self.source.id}.toml, or the file"
        try:
            with path.open("rb") as file, open_decompressed(file) as stream:
                charset = file_charset(read_sample(stream))
                if isinstance(charset, Refusal) and charset.reason is not Reason.EMPTY:
                    raise InputError(f"{path}: it is no list of addresses: {charset.detail} {cure}")
                yield from open_text(stream, charset if isinstance(charset, str) else UTF_8)
        except (OSError, DecompressionError) as error:
            raise InputError(f"{path}: {reason_of(error)}; {cure}") from None


def read_links(content: bytes, url: str, pattern: str, charset: str | None = None) -> Listing:
    """Return the links of the page at `url` whose absolute URLs match `pattern`, in the page's order, each once.

    The text of a link is not the article's title: it may as well be a teaser. Raises `ListingError`.
    """
    decoded = decode(content, charset, html=True)
    if isinstance(decoded, Refusal):
        raise ListingError(decoded.detail)
    text, damage = cut_tags(decoded.text)
    tree = parse_html(text)
    if tree is None:
        raise ListingError("The page holds no HTML that could be read.")
    base = article_url(next(iter(tree.xpath("//base/@href")), ""), url) or url
    article_pattern = re.compile(pattern)
    entries: dict[str, Entry] = {}
    for element in islice(tree.iter("a", "area"), MAX_ANCHORS):
        link = article_url(element.get("href") or "", base)
        if link and link not in entries and article_pattern.search(link):
            if len(entries) == MAX_LINKS:
                damage = damage or f"The page has more than {MAX_LINKS:,} such links; the first were read."
                break
            entries[link] = Entry(link)
    return Listing(tuple(entries.values()), damage=damage)
