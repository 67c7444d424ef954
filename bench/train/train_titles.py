"""Fit the weights by which the title of a plain text is told from the lines around it, and print them.

    python -m bench.train.train_titles CORPUS

CORPUS holds `news/`, `news2/` and `articles/`. A conditional logit model: of the lines of one text that may be the
title, the gold title is to have the greatest weight. Prints how often it has, for each set by weights of the other
two, and then the weights of all three, for `tasks/boilerplate/title_weights.py`.
"""

from __future__ import annotations

import argparse
import gzip
import json
from collections import defaultdict
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from bench.train.strip_corpus import GOLD_SETS, read_gold, tokens_of
from tasks.boilerplate.lines import read_lines
from tasks.boilerplate.model import score_lines
from tasks.boilerplate.select_lines import select_lines
from tasks.boilerplate.title_weights import read_title_features

RENDERINGS = ("all", "layout")
"""Learned from; the rendering of the main content often lacks the title."""
STEPS, RATE, PENALTY = 400, 0.05, 1.0


class Case(NamedTuple):
    """The lines of one text that may be its title."""

    kind: str
    rendering: str
    names: tuple[str, ...]
    table: np.ndarray
    """Lines x features."""
    is_title: np.ndarray


def read_case(job: tuple[str, str, str, str]) -> Case | None:
    """Set, rendering, text and gold title, as a case to learn from."""
    kind, rendering, text, title = job
    lines = read_lines(text)
    scores = score_lines(lines)
    article = select_lines(lines, scores)
    features = read_title_features(lines, article, scores.probability) if article else {}
    gold = tokens_of(title)
    table = np.array([list(row.values()) for row in features.values()], np.float64)
    is_title = np.array([tokens_of(lines[index].bare) == gold for index in features], np.float64)
    return Case(kind, rendering, tuple(next(iter(features.values()), {})), table, is_title)


def read_jobs(corpus: Path) -> Iterator[tuple[str, str, str, str]]:
    for kind in GOLD_SETS:
        titles = {page: record.get("title") for page, record in read_gold(corpus, kind).items()}
        with gzip.open(corpus / kind / "text.jsonl.gz", "rt", encoding="utf-8") as lines:
            for text in map(json.loads, lines):
                if title := titles[text["id"]]:
                    yield kind, text["rendering"], text["text"], title


def fit(cases: Sequence[Case]) -> np.ndarray:
    """Return the weights that make the gold titles likeliest, by Adam on all cases at once."""
    cases = [case for case in cases if case.is_title.any() and case.rendering in RENDERINGS]
    begins = np.cumsum([0, *(len(case.is_title) for case in cases)])
    text_of = np.repeat(np.arange(len(cases)), np.diff(begins))
    begins, table = begins[:-1], np.concatenate([case.table for case in cases])
    is_title = np.concatenate([case.is_title for case in cases])
    scale = table.std(0) + 1e-9
    table = table / scale
    weights, mean, square = np.zeros((3, table.shape[1]))
    for step in range(1, STEPS + 1):
        odds = np.exp(np.clip(table @ weights - np.maximum.reduceat(table @ weights, begins)[text_of], -50, 0))
        chance = odds / np.add.reduceat(odds, begins)[text_of]
        title_odds = odds * is_title
        target = title_odds / np.add.reduceat(title_odds, begins)[text_of]
        slope = table.T @ (target - chance) - PENALTY * weights
        mean, square = 0.9 * mean + 0.1 * slope, 0.99 * square + 0.01 * slope**2
        weights = weights + RATE * (mean / (1 - 0.9**step)) / (np.sqrt(square / (1 - 0.99**step)) + 1e-8)
    return weights / scale


def is_right(case: Case, weights: np.ndarray) -> bool:
    return bool(len(case.is_title) and case.is_title[np.argmax(case.table @ weights)])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("corpus", type=Path)
    with ProcessPoolExecutor(2) as pool:
        cases: list[Any] = list(pool.map(read_case, read_jobs(parser.parse_args().corpus), chunksize=16))
    for kind in GOLD_SETS:
        weights = fit([case for case in cases if case.kind != kind])
        right: dict[str, list[tuple[bool, bool]]] = defaultdict(list)
        for case in cases:
            if case.kind == kind:
                right[case.rendering].append((is_right(case, weights), bool(case.is_title.any())))
        for rendering, answers in right.items():
            share, possible = np.mean(answers, axis=0)
            print(f"{kind:8s} {rendering:8s} {len(answers)} texts  title {share:.3f} of {possible:.3f}")
    names = next(case.names for case in cases if case.names)
    print("\n".join(f'    "{name}": {weight:.2f},' for name, weight in zip(names, fit(cases), strict=True)))


if __name__ == "__main__":
    main()
