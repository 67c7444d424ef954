"""Texts read into features: gold texts and web pages as they are, and the cases that are made of them."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from typing import Any

import numpy as np

from bench.train.strip_cases import Maker, print_text
from bench.train.strip_corpus import LONGEST, Page, Text, align, overrule, tokens_of
from bench.train.strip_genres import Row
from tasks.boilerplate.context_features import read_features
from tasks.boilerplate.lines import read_lines

CASE = {"news": 1.2, "news2": 1.2, "articles": 0.6, "web": 0.45}
"""Weight of a case made of a text of each set; a gold text of news itself has 1."""
GENRE = {"news": 0.75, "news2": 0.75, "web": 0.3}
FOREIGN = {"news": 0.45, "web": 0.18}
CASES = {"news": 4, "news2": 2, "articles": 1, "web": 1}
GENRES = {"news": 4, "news2": 1, "articles": 0, "web": 1}
"""Cases of one text of each set."""
PUT_INTO_SCRIPTS = 0.25
"""Share of the web pages."""
MIN_ARTICLE_TOKENS = 60
WHOLE, LONG = 600, 400
"""Lines of the longest pages that are taken whole."""

Job = tuple[str, str, str, str, list[str], dict[str, list[str]]]
CaseJob = tuple[str, str, str, dict[str, float]]


def read_text(job: Job) -> Text | None:
    """Kind, page, rendering, text, gold tokens and snippets, as a text to learn from."""
    kind, page, rendering, text, gold, snippets = job
    lines = read_lines(text)
    if not lines or len(lines) > LONGEST:
        return None
    tokens = [tokens_of(line.text) for line in lines]
    label = align(tokens, gold)
    if snippets:
        overrule(label, [line.text for line in lines], snippets)
    return Text(
        page, kind, [line.text for line in lines], label, table_of(lines), counts(tokens),
        rendering, [line.after_blank for line in lines], gold=gold,
    )  # fmt: skip


def read_case(job: CaseJob) -> Text | None:
    page, kind, text, labels = job
    lines = read_lines(text)
    if any(line.text not in labels for line in lines):  # joined as a wrapped paragraph
        return None
    label = np.array([labels[line.text] for line in lines], np.float32)
    tokens = counts([tokens_of(line.text) for line in lines])
    return Text(page, kind, [], label, table_of(lines), tokens)


def table_of(lines: Sequence[Any]) -> np.ndarray:
    figures = read_features(lines)
    # By name: in which order they are reckoned is to change nothing.
    return np.stack([figures[name] for name in sorted(figures)], 1)


def counts(tokens: Sequence[Sequence[str]]) -> np.ndarray:
    return np.array([len(line) for line in tokens], np.float32)


def in_parallel(make: Callable[[Any], Text | None], jobs: Sequence[Any]) -> list[Text]:
    with ProcessPoolExecutor(2) as pool:
        return [text for text in pool.map(make, jobs, chunksize=16) if text is not None]


def is_long_enough(text: Text) -> bool:
    """Return whether its article is long enough to make cases of."""
    return bool((text.tokens * text.label).sum() >= MIN_ARTICLE_TOKENS)


def make_cases(texts: Sequence[Text], pages: Sequence[Page]) -> list[tuple[Text, float]]:
    """Make cases of the texts of a fold from each other, with their weights."""
    page_ids = {text.page for text in texts}
    pages = [page for page in pages if page.id in page_ids]
    comments = [page.comments for page in pages if len(page.comments) > 3]
    titles = {page.id: page.title for page in pages}
    names = [name for page in pages for name in page.authors if name.strip()]
    cases: list[tuple[Text, float]] = []
    for seed, rows_of, weight in ((5, _ordinary, CASE), (7, _rare, GENRE), (9, _foreign, FOREIGN)):
        maker = Maker(random.Random(seed), list(texts), titles, comments, names)  # noqa: S311 - the same every time
        jobs = [_job(maker, text, rows) for text in texts for rows in rows_of(maker, text) if rows]
        cases += [(case, weight[case.kind]) for case in in_parallel(read_case, jobs)]
    return cases


def _ordinary(maker: Maker, text: Text) -> Iterator[list[Row]]:
    for number in range(CASES[text.kind]):
        yield maker.compact(text) if number % 2 == 0 or len(text.lines) > WHOLE else maker.appended(text)


def _rare(maker: Maker, text: Text) -> Iterator[list[Row]]:
    for _ in range(GENRES[text.kind]):
        yield maker.genre(text)


def _foreign(maker: Maker, text: Text) -> Iterator[list[Row]]:
    is_taken = text.kind == "news" or (text.kind == "web" and maker.chance.random() >= 1 - PUT_INTO_SCRIPTS)
    if is_taken and len(text.lines) <= LONG:
        yield maker.foreign(text)


def _job(maker: Maker, text: Text, rows: Sequence[Row]) -> CaseJob:
    labels: dict[str, float] = {}
    for line, label, _ in rows:
        clean = " ".join(line.split())
        labels[clean] = max(round(label), labels.get(clean, 0))
    return text.page, text.kind, print_text(rows, maker.chance), labels
