"""The pages that the block model learns from: the blocks of each, with features and with gold labels.

A block is text where at least half of its 4-grams stand in the gold body, in the body's order.
"""

from __future__ import annotations

import gzip
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import numpy as np

from bench.train.strip_corpus import align, read_gold, tokens_of
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


def _read_page(corpus: Path, kind: str, record: dict[str, Any]) -> BlockPage | None:
    content = gzip.decompress((corpus / kind / "pages" / f"{record['id']}.html.gz").read_bytes())
    decoded = decode(content, None, html=True)
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
