"""Train the model that tells the lines of an article from those around it, and write it as npz.

    python -m bench.train.train_strip CORPUS [--output tasks/boilerplate/line_model.npz] [--cache FOLDER] [--folds 5]

CORPUS holds `news/` (gold bodies) and `web/` (pages with snippets). Needs catboost and inscriptis. The same corpus and
the same versions give the same file, byte for byte. `--folds` cross-validates by publisher and template instead.

1. A teacher learns from gold lines by what the line model sees and by which lines extractors took from the HTML.
2. It labels the lines of the web pages, which have no gold; the snippets of those overrule it.
3. The model learns from gold lines, from these, and from cases that are made of both (`strip_cases.py`;
   the kinds of text that the corpus has few of in `strip_genres.py`, other scripts in `strip_scripts.py`).
"""

from __future__ import annotations

import argparse
import gzip
import hashlib
import json
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from catboost import CatBoostClassifier

from bench.train.strip_corpus import (
    OPINIONS,
    RENDERINGS,
    Text,
    group_pages,
    read_gold,
    render_pages,
    right,
    tokens_of,
)
from bench.train.strip_texts import in_parallel, make_cases, read_text, sure
from tasks.boilerplate.context_features import read_features
from tasks.boilerplate.lines import read_lines
from tasks.boilerplate.model import MODEL, LineScores
from tasks.boilerplate.select_lines import select_likely_lines

WEB = 0.5
"""Weight of a web page; a gold text has 1."""
TREES = {"iterations": 500, "depth": 6, "learning_rate": 0.055, "rsm": 0.3}
_SAME = {
    "l2_leaf_reg": 6,
    "random_seed": 1,
    "thread_count": 2,
    "verbose": 0,
    "border_count": 32,
    "bootstrap_type": "Bernoulli",
    "subsample": 0.7,
    "loss_function": "CrossEntropy",
    "allow_writing_files": False,
}


def hashed(text: str, over: int) -> int:
    return int(hashlib.sha256(text.encode()).hexdigest(), 16) % over


def read_corpus(corpus: Path, pages: list[dict[str, Any]]) -> tuple[list[Text], list[Text]]:
    """The gold texts in all renderings, and the web pages in one each."""
    extractions = {page["id"]: [page[name] for name in OPINIONS] for page in pages}
    gold = {page: tokens_of(record["body"]) for page, record in read_gold(corpus, "news").items()}
    with gzip.open(corpus / "news" / "text.jsonl.gz", "rt", encoding="utf-8") as stored:
        texts = [json.loads(line) for line in stored]
    news = [
        ("news", record["id"], record["rendering"], record["text"], gold[record["id"]], extractions[record["id"]])
        for record in texts
    ]
    web = [
        ("web", page["id"], rendering, page[rendering], [], extractions[page["id"]])
        for page in pages
        if page["kind"] == "web" and page[(rendering := RENDERINGS[hashed(page["id"], 3)])].strip()
    ]
    return in_parallel(read_text, news), in_parallel(read_text, web)


def weigh(text: Text, label: np.ndarray) -> np.ndarray:
    """Of each line: by its tokens, so that all texts weigh alike and a missing paragraph more than a word."""
    base = (np.minimum(text.tokens, 300) + 4) ** 0.7
    return base / max((base * label).sum(), 0.1 * base.sum()) * 50


def rows_of(texts: Sequence[tuple[Text, np.ndarray, float]], more: bool = False) -> tuple[np.ndarray, ...]:
    """Table, labels and weights; three quarters of what is surely furniture left out, the rest weighed for it."""
    chance = np.random.default_rng(0)
    tables, labels, weights = [], [], []
    for text, label, weight in texts:
        easy = (label < 0.03) & (text.tokens < 12)
        take = ~easy | (chance.random(len(label)) < 0.25)
        table = np.concatenate([text.table, text.opinions], 1) if more else text.table
        tables.append(table[take])
        labels.append(label[take])
        weights.append((weigh(text, label) * weight * np.where(easy, 4, 1))[take])
    return np.concatenate(tables), np.concatenate(labels), np.concatenate(weights)


def fit(rows: tuple[np.ndarray, ...], **chosen: Any) -> CatBoostClassifier:
    table, label, weight = rows
    model = CatBoostClassifier(**(_SAME | TREES | chosen))
    return model.fit(table, label, sample_weight=weight)


def chances(model: CatBoostClassifier, table: np.ndarray) -> np.ndarray:
    return np.asarray(model.predict_proba(table)[:, 1], np.float32)


def label_web(
    news: Sequence[Text], web: Sequence[Text], snippets: dict[str, dict[str, Any]]
) -> list[tuple[Text, float]]:
    """Gives the web's lines their labels; each text with its weight, less where the teacher doubts."""
    teacher = fit(rows_of([(text, text.label, 1.0) for text in news], more=True), iterations=250, depth=5)
    labelled = []
    for text in web:
        label = chances(teacher, np.concatenate([text.table, text.opinions], 1))
        required, forbidden = (
            [" ".join(part.split()) for part in snippets[text.page][key]] for key in ("with", "without")
        )
        for index, line in enumerate(text.lines):
            if any(part in line for part in required):
                label[index] = max(label[index], 0.9)
            elif any(part in line for part in forbidden):
                label[index] = min(label[index], 0.15)
        base = (np.minimum(text.tokens, 300) + 4) ** 0.7
        doubt = float((base * np.minimum(label, 1 - label)).sum() / max(1, (base * label).sum()))
        text.label = label
        if (text.tokens * label).sum() >= 50 and doubt <= 0.4:
            labelled.append((text, 1 - doubt))
    return labelled


def write(model: CatBoostClassifier, names: Sequence[str], path: Path) -> None:
    """The trees as arrays; figures that no tree asks for are left out."""
    with tempfile.TemporaryDirectory() as folder:
        file = str(Path(folder) / "model.json")
        model.save_model(file, format="json")
        made = json.loads(Path(file).read_text("utf-8"))
    scale, bias = made["scale_and_bias"]
    trees = made["oblivious_trees"]
    levels = max(len(tree["splits"]) for tree in trees)
    splits_by_tree = [[(split["float_feature_index"], split["border"]) for split in tree["splits"]] for tree in trees]
    leaves = []
    for tree, questions in zip(trees, splits_by_tree, strict=True):
        values = np.array(tree["leaf_values"]) * scale
        while len(questions) < levels:  # a tree that stopped early: a question that nothing answers
            questions.append((questions[0][0] if questions else 0, np.inf))
            values = np.concatenate([values, values])
        leaves.append(values)
    used = sorted({figure for questions in splits_by_tree for figure, _ in questions})
    np.savez_compressed(
        path,
        names=np.array("\n".join(names[figure] for figure in used)),
        figure=np.array([[used.index(figure) for figure, _ in questions] for questions in splits_by_tree], np.int16),
        border=np.array([[border for _, border in questions] for questions in splits_by_tree], np.float32),
        leaves=np.array(leaves, np.float16),
        bias=np.array(bias[0]),
    )


def learn(news: Sequence[Text], web: Sequence[Text], corpus: Path, pages: list[dict[str, Any]]) -> CatBoostClassifier:
    """The model of these texts."""
    labelled = label_web(news, web, read_gold(corpus, "web"))
    texts = [(text, text.label, 1.0) for text in news] + [(text, text.label, WEB * worth) for text, worth in labelled]
    whole = [
        text for text in [*news, *(text for text, _ in labelled)] if text.rendering != "main" or text.kind == "web"
    ]
    gold = {page: record for page, record in read_gold(corpus, "news").items() if page in {text.page for text in news}}
    cases = make_cases([text for text in whole if sure(text)], pages, gold)
    return fit(rows_of([*texts, *((text, text.label, weight) for text, weight in cases)]))


def cross_validate(
    news: Sequence[Text], web: Sequence[Text], corpus: Path, pages: list[dict[str, Any]], folds: int
) -> None:
    """Prints 4-gram F1, precision and recall of each rendering on publishers and templates kept back."""
    groups = sorted({text.group for text in news}, key=lambda group: hashlib.sha256(group.encode()).digest())
    back = {group: number % folds for number, group in enumerate(groups)}
    scored: dict[str, list[tuple[float, float]]] = {}
    for fold in range(folds):
        test_groups = {group for group, number in back.items() if number == fold}
        model = learn(
            [text for text in news if text.group not in test_groups],
            [text for text in web if text.group not in test_groups],
            corpus,
            pages,
        )
        for text in news:
            if text.group in test_groups:
                chosen = select_likely_lines(LineScores(chances(model, text.table), text.tokens, ()))
                tokens = [token for index in sorted(chosen) for token in tokens_of(text.lines[index])]
                scored.setdefault(text.rendering, []).append(right(tokens, text.gold))
        print(f"fold {fold + 1} of {folds}", flush=True)
    for rendering, pairs in scored.items():
        precision, recall = np.mean(pairs, axis=0)
        each = [2 * p * r / (p + r) if p + r else 0.0 for p, r in pairs]
        error = np.std(each) / len(each) ** 0.5
        f1 = 2 * precision * recall / (precision + recall)
        print(f"{rendering:8s} F1 {f1:.4f} P {precision:.3f} R {recall:.3f} standard error {error:.3f}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("corpus", type=Path)
    parser.add_argument("--output", type=Path, default=MODEL)
    parser.add_argument("--cache", type=Path, help="folder that keeps the rendered pages from one time to the next")
    parser.add_argument("--folds", type=int, default=0)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        pages = render_pages(arguments.corpus, (arguments.cache or Path(folder)) / "pages.jsonl")
    news, web = read_corpus(arguments.corpus, pages)
    urls = {
        page: record["url"] for kind in ("news", "web") for page, record in read_gold(arguments.corpus, kind).items()
    }
    groups = group_pages(pages, urls)
    for text in [*news, *web]:
        text.group = groups[text.page]
    print(f"{len(news)} gold texts, {len(web)} web pages, {len(set(groups.values()))} publishers and templates")
    if arguments.folds:
        cross_validate(news, web, arguments.corpus, pages, arguments.folds)
    else:
        names = sorted(read_features(read_lines("A line.\n")))
        write(learn(news, web, arguments.corpus, pages), names, arguments.output)


if __name__ == "__main__":
    main()
