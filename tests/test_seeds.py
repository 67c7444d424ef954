"""Real raw articles with known clean records, where they are at hand: each must come out exactly.

`COPYDESK_CORPUS` names a folder that holds `seeds/` with `gold.jsonl` and the texts it names.
"""

from __future__ import annotations

import json
import os
from datetime import UTC, datetime
from pathlib import Path

import pytest

from config.inputs import FolderInput
from config.sources import Source, StripRules
from tasks.detect import detect
from tasks.extract import extract
from tasks.normalise import normalise
from tasks.strip import strip
from tasks.text.characters import clean_line, split_lines
from warehouse.model.records import Capture, Fetched, Item, RawArticle, Rejection

SEEDS = Path(os.environ.get("COPYDESK_CORPUS", "")) / "seeds"
GOLD = SEEDS / "gold.jsonl"
CASES = [json.loads(line) for line in GOLD.read_text("utf-8").splitlines() if line.strip()] if GOLD.is_file() else []
NOW = datetime(2026, 1, 1, tzinfo=UTC)

pytestmark = pytest.mark.skipif(not CASES, reason="COPYDESK_CORPUS names no folder with seeds/gold.jsonl")


def raw_article(path: Path) -> RawArticle:
    content = path.read_bytes()
    item = Item("seeds", path.as_uri(), path.name, path.parent.as_uri(), NOW)
    digest = Fetched(item, content, NOW).payload_digest
    capture = Capture(
        "c",
        "seeds",
        "r",
        item.url,
        None,
        NOW,
        None,
        "text/plain",
        None,
        None,
        None,
        digest,
        len(content),
        "w",
        0,
        0,
        "stored",
    )
    return RawArticle(item, capture, content)


@pytest.fixture(scope="module", params=CASES, ids=[case["input"] for case in CASES])
def seed(request):
    """Return the gold record, the article and the raw lines of one seed."""
    gold = request.param
    source = Source(id="seeds", title="Seeds", input=(FolderInput(kind="folder", path=SEEDS),))
    raw = raw_article(SEEDS / gold["input"])
    extracted = extract(raw)
    assert not isinstance(extracted, Rejection)
    stripped = strip(extracted, StripRules())
    assert not isinstance(stripped, Rejection)
    article = normalise(detect(stripped, source.language), source)
    assert not isinstance(article, Rejection)
    return gold, article, split_lines(raw.content.decode("utf-8"))


def test_the_text_is_exactly_the_article(seed):
    gold, article, _ = seed
    assert article.text.split("\n\n") == [clean_line(paragraph) for paragraph in gold["text"]]


def test_exactly_the_lines_that_are_not_text_are_stripped(seed):
    gold, article, lines = seed
    assert [line.line for line in article.stripped] == gold["lines_not_text"]
    assert [line.text for line in article.stripped] == [clean_line(lines[number]) for number in gold["lines_not_text"]]


@pytest.mark.parametrize("field", ["title", "section", "image_caption", "image_credit"])
def test_a_label_is_found_or_left_out(seed, field):
    gold, article, _ = seed
    assert getattr(article, field) == gold[field]


def test_the_day_is_found_or_left_out(seed):
    gold, article, _ = seed
    day = article.published_at.date().isoformat() if article.published_at else None
    assert (day, article.published_precision) == (gold["published_at"], gold["published_precision"])


def test_the_language_is_known(seed):
    gold, article, _ = seed
    assert article.language.split("-")[0] == gold["language"]


def test_credited_agencies_are_found(seed):
    gold, article, _ = seed
    assert list(article.info_sources) == gold["info_sources"]


def test_the_line_of_tags_stands_as_printed(seed):
    gold, article, _ = seed
    assert list(article.tags) == ([gold["tags_line"]] if gold["tags_line"] else [])
