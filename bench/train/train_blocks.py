"""Train the models that tell the blocks of a page's article from those around it, and write them as npz.

    python -m bench.train.train_blocks CORPUS [--folds 3] [--leave-out SET] [--scores FILE]

CORPUS holds `news/`, `news2/` and `articles/` (pages and gold bodies) and `web/` (pages with snippets). Needs catboost.
`--folds` cross-validates by publisher, `--leave-out` trains on the other sets and scores this one; both write no model.
`--scores` keeps what was scored as JSON Lines.

1. A first model learns each block's label from its features.
2. A second one also sees the first one's scores of the blocks around, by a first model that never saw the publisher.
3. Both are trained twice: on the gold pages, then also on the web pages, whose bodies are read with the former models.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import tempfile
from collections.abc import Collection, Iterable, Sequence
from pathlib import Path

import numpy as np
from catboost import CatBoostClassifier

from bench.train.block_pages import SETS, BlockPage, read_pages, read_web_pages
from bench.train.strip_corpus import right, tokens_of
from bench.train.train_strip import chances, fit, write
from tasks.boilerplate.lines import read_lines
from tasks.boilerplate.model import LineScores
from tasks.boilerplate.page_lines import label_page
from tasks.boilerplate.select_lines import select_likely_lines
from tasks.html.block_model import FIRST_MODEL, MODEL, first_score_features
from tasks.html.select_blocks import find_confidence

FIRST_TREES = {"iterations": 120, "learning_rate": 0.08, "thread_count": 1}
TREES = {"iterations": 150, "learning_rate": 0.08, "thread_count": 1}
FOLDS_OF_FIRST_SCORES = 2
EASY_SHARE = 0.3
"""Of the short blocks that are no text, this share is learned from, with the weight of all."""
MAX_EASY_WORDS = 6

Models = tuple[CatBoostClassifier, CatBoostClassifier]


def fold_of(publisher: str, folds: int) -> int:
    return int(hashlib.sha256(publisher.encode()).hexdigest(), 16) % folds


def rows_of(pages: Sequence[BlockPage], tables: Iterable[np.ndarray]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return table, labels and weights of all blocks that are learned from."""
    chance = np.random.default_rng(0)
    parts = []
    for page, table in zip(pages, tables, strict=True):
        is_easy = (page.label == 0) & (page.features.words < MAX_EASY_WORDS)
        take = ~is_easy | (chance.random(len(is_easy)) < EASY_SHARE)
        weights = page.weights() * np.where(is_easy, 1 / EASY_SHARE, 1)
        parts.append((table[take], page.label[take], weights[take]))
    table, label, weight = (np.concatenate(column) for column in zip(*parts, strict=True))
    return table, label, weight


def second_table(page: BlockPage, first: np.ndarray) -> np.ndarray:
    return np.hstack([page.table, np.stack(list(first_score_features(page.features, first).values()), 1)])


def learn(pages: Sequence[BlockPage]) -> Models:
    """Return the first and the second model of these pages."""
    scores: dict[int, np.ndarray] = {}
    for fold in range(FOLDS_OF_FIRST_SCORES):
        others = [page for page in pages if fold_of(page.publisher, FOLDS_OF_FIRST_SCORES) != fold]
        model = fit(rows_of(others, [page.table for page in others]), **FIRST_TREES)
        scores |= {
            index: chances(model, page.table)
            for index, page in enumerate(pages)
            if fold_of(page.publisher, FOLDS_OF_FIRST_SCORES) == fold
        }
    first = fit(rows_of(pages, [page.table for page in pages]), **FIRST_TREES)
    tables = (second_table(page, scores[index]) for index, page in enumerate(pages))
    return first, fit(rows_of(pages, tables), **TREES)


def learn_twice(pages: Sequence[BlockPage], corpus: Path, without: Collection[str] = ()) -> Models:
    """Return the models of these pages and of the web pages of all but these publishers."""
    with tempfile.TemporaryDirectory() as folder:
        write_models(learn(pages), feature_names(pages[0]), Path(folder))
        web_pages = read_web_pages(corpus, Path(folder), without)
    return learn([*pages, *web_pages])


def write_models(models: Models, names: Sequence[str], folder: Path) -> None:
    for model, path in zip(models, (FIRST_MODEL, MODEL), strict=True):
        write(model, names, folder / path.name)


def score(models: Models, page: BlockPage) -> np.ndarray:
    return chances(models[1], second_table(page, chances(models[0], page.table)))


def feature_names(page: BlockPage) -> list[str]:
    return [*page.features.columns, *first_score_features(page.features, page.label)]


def report(name: str, pages: Sequence[BlockPage], scores: Sequence[np.ndarray]) -> None:
    """Print F1, precision and recall of the model alone, and the share of pages on which it is sure."""
    pairs = []
    for page, probability in zip(pages, scores, strict=True):
        chosen = select_likely_lines(LineScores(probability, page.features.words, ()))
        lines = read_lines("\n\n".join(page.texts[index] for index in sorted(chosen)))
        article_lines = [
            line.text for line, reason in zip(lines, label_page(lines, page.titles), strict=True) if reason is None
        ]
        pairs.append(right(tokens_of("\n".join(article_lines)), tokens_of(page.gold)))
    precision, recall = np.mean(pairs, axis=0)
    sure = np.mean([find_confidence(s, p.features.words) >= 0.93 for p, s in zip(pages, scores, strict=True)])
    f1 = 2 * precision * recall / (precision + recall)
    print(f"{name:10s} pages {len(pages)} F1 {f1:.4f} P {precision:.3f} R {recall:.3f} sure {sure:.2f}", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("corpus", type=Path)
    parser.add_argument("--folds", type=int, default=0)
    parser.add_argument("--leave-out", choices=SETS)
    parser.add_argument("--scores", type=Path)
    arguments = parser.parse_args()
    pages = list(read_pages(arguments.corpus))
    if not (arguments.folds or arguments.leave_out):
        write_models(learn_twice(pages, arguments.corpus), feature_names(pages[0]), MODEL.parent)
        return
    groups = [page.kind == arguments.leave_out for page in pages]
    if arguments.folds:
        groups = [fold_of(page.publisher, arguments.folds) for page in pages]
    scores: dict[int, np.ndarray] = {}
    for group in range(arguments.folds) if arguments.folds else (True,):
        known = [page for page, number in zip(pages, groups, strict=True) if number != group]
        tested = {page.publisher for page, number in zip(pages, groups, strict=True) if number == group}
        models = learn_twice(known, arguments.corpus, tested)
        scores |= {index: score(models, pages[index]) for index, number in enumerate(groups) if number == group}
    for kind in SETS:
        indexes = [index for index in scores if pages[index].kind == kind]
        if indexes:
            report(kind, [pages[index] for index in indexes], [scores[index] for index in indexes])
    if arguments.scores:
        with arguments.scores.open("w", encoding="utf-8") as output:
            for index, values in scores.items():
                record = {"set": pages[index].kind, "id": pages[index].page, "scores": values.round(4).tolist()}
                output.write(json.dumps(record) + "\n")


if __name__ == "__main__":
    main()
