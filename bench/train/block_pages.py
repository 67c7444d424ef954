"""The pages that the block model learns from: the blocks of each, with features and with labels.

A block is text where at least half of its 4-grams stand in the gold body, in the body's order. A web page has no gold
body: the one that Copydesk reads with a model of the gold pages takes its place, and its snippets overrule it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import numpy as np

import copydesk
from bench.train.strip_corpus import MIN_WEB_TOKENS, align, overrule, read_content, read_gold, tokens_of
from tasks.html import block_model
from tasks.html.article import open_page, read_statements
from tasks.html.block_features import BlockFeatures, read_block_features
from tasks.html.blocks import read_blocks
from tasks.text.decode import Refusal, decode

SETS = ("news", "news2", "articles")
MAX_WORDS = 80
"""Of a block's weight: a missing paragraph counts more than a word, but not by its whole length."""


@dataclass
class BlockPage:
    """One page to learn from."""

    kind: str
    page: str
    publisher: str
    texts: list[str]
    features: BlockFeatures
    table: np.ndarray
    """Blocks x features."""
    label: np.ndarray
    gold: str
    titles: tuple[str, ...]

    def weights(self) -> np.ndarray:
        """Return the weight of each block; all pages weigh alike."""
        words = np.minimum(self.features.words, MAX_WORDS) + 2
        return words / words.sum() * 100


def publisher(url: str) -> str:
    """Return the registered domain of an address, near enough to keep a publisher's pages together."""
    labels = (urlsplit(url).hostname or url).lower().split(".")
    has_short_suffix = len(labels) > 2 and len(labels[-2]) <= 3
    return ".".join(labels[-3 if has_short_suffix else -2 :])


def read_pages(corpus: Path, kinds: tuple[str, ...] = SETS) -> Iterator[BlockPage]:
    """Yield the pages of these sets that have a gold body and can be read."""
    for kind in kinds:
        for record in read_gold(corpus, kind).values():
            if record.get("body") and (page := _read_page(corpus, kind, record)):
                yield page


def read_web_pages(corpus: Path, model_folder: Path, without: Collection[str]) -> list[BlockPage]:
    """Return the web pages of all but these publishers, labelled by what is read with the model in this folder."""
    records = [record for record in read_gold(corpus, "web").values() if publisher(record["url"]) not in without]
    with ProcessPoolExecutor(2, initializer=_use_model, initargs=(model_folder,)) as pool:
        pages = pool.map(_read_web_page, ((corpus, record) for record in records), chunksize=8)
        return [page for page in pages if page]


def _use_model(folder: Path) -> None:
    block_model.FIRST_MODEL = folder / block_model.FIRST_MODEL.name
    block_model.MODEL = folder / block_model.MODEL.name


def _read_web_page(job: tuple[Path, dict[str, Any]]) -> BlockPage | None:
    corpus, record = job
    article = copydesk.extract(read_content(corpus, "web", record), url=record["url"], media_type="text/html")
    if not isinstance(article, copydesk.Article) or len(tokens_of(article.text)) < MIN_WEB_TOKENS:
        return None
    page = _read_page(corpus, "web", record | {"body": article.text})
    if page:
        overrule(page.label, page.texts, record)
    return page


def _read_page(corpus: Path, kind: str, record: dict[str, Any]) -> BlockPage | None:
    decoded = decode(read_content(corpus, kind, record), None, html=True)
    page = None if isinstance(decoded, Refusal) else open_page(decoded.text, record["url"])
    if page is None or not (blocks := read_blocks(page.tree)).blocks:
        return None
    statements = read_statements(page)
    features = read_block_features(blocks, statements)
    texts = blocks.texts
    label = align([tokens_of(text) for text in texts], tokens_of(record["body"]))
    table = np.stack(list(features.columns.values()), 1)
    return BlockPage(
        kind, record["id"], publisher(record["url"]), texts, features, table, label, record["body"], statements.titles
    )
