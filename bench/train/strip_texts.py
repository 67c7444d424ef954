"""Texts read into figures: gold texts and web pages as they are, and the cases that are made of them."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from typing import Any

import numpy as np

from bench.train.strip_cases import Maker, article_indexes, print_text
from bench.train.strip_corpus import LONGEST, OPINIONS, Text, align, share_inside, tokens_of
from bench.train.strip_genres import Row
from tasks.boilerplate.context_features import read_features
from tasks.boilerplate.lines import read_lines

CASE = {"news": 0.8, "web": 0.3}
"""Weight of a case made of a gold text and of a web page; a gold text itself has 1."""
GENRE = {"news": 0.25, "web": 0.1}
FOREIGN = {"news": 0.15, "web": 0.06}
CASES = {"news": 4, "web": 2}
GENRES = {"news": 4, "web": 1}
"""Cases of one text."""
PUT_INTO_SCRIPTS = 0.25
"""Share of the web pages."""
WHOLE, LONG = 600, 400
"""Lines of the longest pages that are taken whole."""

Job = tuple[str, str, str, str, list[str], list[str]]
CaseJob = tuple[str, str, str, dict[str, float]]


def read_text(job: Job) -> Text | None:
    """Kind, page, rendering, text, gold tokens and opinions, as a text to learn from."""
    kind, page, rendering, text, gold, opinions = job
    lines = read_lines(text)
    if not lines or len(lines) > LONGEST:
        return None
    tokens = [tokens_of(line.text) for line in lines]
    label = align(tokens, gold) if gold else np.zeros(len(lines), np.float32)
    shares = np.stack([share_inside(tokens, tokens_of(opinion)) for opinion in opinions], 1) if opinions else None
    return Text(
        page, kind, [line.text for line in lines], label, table_of(lines), counts(tokens),
        shares if shares is not None else np.zeros((0, len(OPINIONS)), np.float32),
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


def sure(text: Text) -> bool:
    """Whether its labels are good enough to make cases of."""
    doubt = (text.tokens * np.minimum(text.label, 1 - text.label)).sum() / max(1, (text.tokens * text.label).sum())
    return bool(article_indexes(text)) and (text.tokens * text.label).sum() >= 60 and doubt <= 0.15


def make_cases(texts: Sequence[Text], pages: list[dict[str, Any]], gold: dict[str, Any]) -> list[tuple[Text, float]]:
    """Cases of the texts of one fold, made of each other, with their weights."""
    ours = {text.page for text in texts}
    comment_lines = [page["comments"].split("\n") for page in pages if page["kind"] == "web" and page["id"] in ours]
    comments = [lines for part in comment_lines if len(lines := [line.strip() for line in part if line.strip()]) > 3]
    titles = {page["id"]: " ".join(page["title"].split()) for page in pages}
    titles |= {page: record.get("title") or "" for page, record in gold.items()}
    names = [name for record in gold.values() for name in record.get("authors") or () if name.strip()]
    made: list[tuple[Text, float]] = []
    for seed, rows_of, weight in ((5, _ordinary, CASE), (7, _rare, GENRE), (9, _foreign, FOREIGN)):
        maker = Maker(random.Random(seed), list(texts), titles, comments, names)  # noqa: S311 - the same every time
        jobs = [_job(maker, text, rows) for text in texts for rows in rows_of(maker, text) if rows]
        made += [(case, weight[case.kind]) for case in in_parallel(read_case, jobs)]
    return made


def _ordinary(maker: Maker, text: Text) -> Iterator[list[Row]]:
    for number in range(CASES[text.kind]):
        yield maker.compact(text) if number % 2 == 0 or len(text.lines) > WHOLE else maker.appended(text)


def _rare(maker: Maker, text: Text) -> Iterator[list[Row]]:
    for _ in range(GENRES[text.kind]):
        yield maker.genre(text)


def _foreign(maker: Maker, text: Text) -> Iterator[list[Row]]:
    if len(text.lines) <= LONG and (text.kind == "news" or maker.chance.random() >= 1 - PUT_INTO_SCRIPTS):
        yield maker.foreign(text)


def _job(maker: Maker, text: Text, rows: Sequence[Row]) -> CaseJob:
    labels: dict[str, float] = {}
    for line, label, _ in rows:
        clean = " ".join(line.split())
        labels[clean] = max(round(label), labels.get(clean, 0))
    return text.page, text.kind, print_text(rows, maker.chance), labels
