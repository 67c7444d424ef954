"""Articles tried from a site that is new: what came of each, and in words what is weak."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import fmean, median
from typing import Final

from lxml import etree

from tasks.metadata.quality import count_words
from tasks.site_probe.autodiscovery import parse_page
from warehouse.model.records import Article, Rejection
from warehouse.model.vocabulary import Reason

SHORT: Final = 80
"""Words; what has fewer is a teaser, or the beginning of what must be paid for."""
LITTLE_TEXT: Final = 400
"""Characters that a page shows without its scripts, below which it is an empty frame for them."""

_TAG: Final = re.compile(r"<[^<>]*>")


@dataclass(frozen=True, slots=True)
class Sample:
    """One article that was tried."""

    url: str
    made: Article | Rejection
    needs_scripts: bool = False
    """Whether its page shows next to nothing until scripts have run."""
    entry_html: str | None = None
    """What the feed itself holds of it."""

    @property
    def quality(self) -> float:
        """0 to 1; 0 where there is no article."""
        return self.made.quality if isinstance(self.made, Article) else 0.0


def needs_scripts(content: bytes, charset: str | None = None) -> bool:
    """Whether a page is an empty frame that scripts fill: it has some, and hardly any text of its own."""
    tree = parse_page(content, charset)
    if tree is None:
        return False
    has_scripts = next(tree.iter("script"), None) is not None
    etree.strip_elements(tree, "script", "style", "noscript", "template", "head", with_tail=False)
    return has_scripts and len(" ".join("".join(tree.itertext()).split())) < LITTLE_TEXT


def mean_quality(samples: Sequence[Sample]) -> float:
    """0 to 1, over all that were tried."""
    return fmean(sample.quality for sample in samples) if samples else 0.0


def articles(samples: Sequence[Sample]) -> list[Article]:
    """Those that became articles."""
    return [sample.made for sample in samples if isinstance(sample.made, Article)]


def main_language(samples: Sequence[Sample]) -> str | None:
    """The language of more than half of the articles; None where there is none."""
    tags = Counter(article.language for article in articles(samples) if article.language != "und")
    tag, times = tags.most_common(1)[0] if tags else (None, 0)
    return tag if times > len(articles(samples)) / 2 else None


def feed_holds_all(samples: Sequence[Sample]) -> bool:
    """Whether the feed's own entries hold as much as the pages that they name, or are all that can be had."""
    held = [
        count_words(" ".join(_text(sample.entry_html).split()))
        >= 0.9 * (sample.made.word_count if isinstance(sample.made, Article) else SHORT)
        for sample in samples
        if sample.entry_html
    ]
    return bool(held) and len(held) == len(samples) and sum(held) >= 0.8 * len(samples)


def weaknesses(samples: Sequence[Sample]) -> tuple[str, ...]:
    """What a person should know before relying on this site: one sentence each."""
    made = articles(samples)
    refused = [sample for sample in samples if isinstance(sample.made, Rejection)]
    scripted = sum(sample.needs_scripts for sample in refused)
    reasons = Counter(sample.made.reason for sample in refused if isinstance(sample.made, Rejection))
    said = []
    if scripted:
        said.append(f"{_of(scripted, samples)} show their text only after scripts have run, which are not run here.")
    if forbidden := reasons.pop(Reason.DISALLOWED, 0):
        said.append(f"{_of(forbidden, samples)} may not be fetched: {_detail(samples, Reason.DISALLOWED)}.")
    empty = reasons.pop(Reason.NO_ARTICLE, 0) + reasons.pop(Reason.EMPTY, 0) - scripted
    if empty > 0:
        said.append(f"{_of(empty, samples)} held no article text.")
    said += [f"{_of(count, samples)} failed: {_detail(samples, reason)}." for reason, count in reasons.items()]
    if paid := sum(article.is_accessible_for_free is False for article in made):
        said.append(f"{_of(paid, samples)} say that they are not free to read: their text may end early.")
    if made and median(article.word_count for article in made) < SHORT:
        said.append(f"Half of the articles have fewer than {SHORT} words: teasers, or text behind a paywall.")
    for missing, lacks in _LACKS.items():
        if count := sum(lacks(article) for article in made):
            said.append(f"{_of(count, samples)} state no {missing}.")
    if len(languages := sorted({article.language for article in made})) > 1:
        said.append(f"The articles are in more than one language: {', '.join(languages)}.")
    return tuple(said)


_LACKS: Final[dict[str, Callable[[Article], bool]]] = {
    "title": lambda article: article.title is None,
    "date": lambda article: article.published_at is None,
    "author": lambda article: not (article.authors or article.by or article.info_sources),
}


def _of(count: int, samples: Sequence[Sample]) -> str:
    return f"{count} of {len(samples)} articles tried"


def _detail(samples: Sequence[Sample], reason: Reason) -> str:
    details = (
        sample.made.detail for sample in samples if isinstance(sample.made, Rejection) and sample.made.reason is reason
    )
    return next(details).rstrip(".")


def _text(markup: str | None) -> str:
    return _TAG.sub(" ", markup or "")
