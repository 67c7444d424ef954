"""Train the model that tells the lines of an article from those around it, and write it as npz.

    python -m bench.train.train_strip CORPUS [--output tasks/boilerplate/line_model.npz] [--cache FOLDER]
                                             [--folds 3 | --leave-out SET]

CORPUS holds `news/`, `news2/` and `articles/` (gold bodies) and `web/` (pages with snippets). Needs catboost and
inscriptis. The same corpus and the same versions give the same file, byte for byte. `--folds` cross-validates by
publisher and template; `--leave-out` learns from the other sets, without the publishers of this one, and scores it.
Both write no model.

1. The lines of gold texts are labelled by the gold body, those of web pages by the body that Copydesk reads from the
   HTML; the snippets of a web page overrule it.
2. The model learns from these, and from cases that are made of them (`strip_cases.py`; the kinds of text that the
   corpus has few of in `strip_genres.py`, other scripts in `strip_scripts.py`).
"""

from __future__ import annotations

import argparse
import hashlib
import json
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from catboost import CatBoostClassifier

from bench.train.strip_corpus import (
    GOLD_SETS,
    MIN_WEB_TOKENS,
    RENDERINGS,
    Page,
    Text,
    group_pages,
    read_pages,
    right,
    tokens_of,
)
from bench.train.strip_texts import in_parallel, is_long_enough, make_cases, read_text
from tasks.boilerplate.context_features import read_features
from tasks.boilerplate.lines import read_lines
from tasks.boilerplate.model import MODEL, LineScores
from tasks.boilerplate.select_lines import select_likely_lines

WEIGHTS = {"news": 1.0, "news2": 1.0, "articles": 0.5, "web": 2 / 3}
"""Of a text of each set, so of each rendering of a page."""
TREES = {"iterations": 300, "depth": 6, "learning_rate": 0.09, "rsm": 0.3}
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


def read_corpus(pages: Sequence[Page]) -> list[Text]:
    """Return the gold texts and the web pages in all renderings."""
    jobs = [
        (page.kind, page.id, rendering, page.renderings[rendering], tokens_of(page.body), page.snippets)
        for page in pages
        for rendering in RENDERINGS
    ]
    texts = [text for text in in_parallel(read_text, jobs) if text.kind != "web" or is_labelled(text)]
    groups = group_pages(pages)
    for text in texts:
        text.group = groups[text.page]
    return texts


def is_labelled(text: Text) -> bool:
    return bool((text.tokens * text.label).sum() >= MIN_WEB_TOKENS)


def weigh(text: Text, label: np.ndarray) -> np.ndarray:
    """Weigh each line by its tokens, so that all texts weigh alike and a missing paragraph more than a word."""
    base = (np.minimum(text.tokens, 300) + 4) ** 0.7
    return base / max((base * label).sum(), 0.1 * base.sum()) * 50


def rows_of(texts: Sequence[tuple[Text, float]]) -> tuple[np.ndarray, ...]:
    """Return table, labels and weights; three quarters of sure furniture are left out, the rest weighed for it."""
    chance = np.random.default_rng(0)
    tables, labels, weights = [], [], []
    for text, weight in texts:
        label = text.label
        easy = (label < 0.03) & (text.tokens < 12)
        take = ~easy | (chance.random(len(label)) < 0.25)
        tables.append(text.table[take])
        labels.append(label[take])
        weights.append((weigh(text, label) * weight * np.where(easy, 4, 1))[take])
    return np.concatenate(tables), np.concatenate(labels), np.concatenate(weights)


def fit(rows: tuple[np.ndarray, ...], **chosen: Any) -> CatBoostClassifier:
    table, label, weight = rows
    model = CatBoostClassifier(**(_SAME | TREES | chosen))
    return model.fit(table, label, sample_weight=weight)


def chances(model: CatBoostClassifier, table: np.ndarray) -> np.ndarray:
    return np.asarray(model.predict_proba(table)[:, 1], np.float32)


def write(model: CatBoostClassifier, names: Sequence[str], path: Path) -> None:
    """Write the trees as arrays; figures that no tree asks for are left out."""
    with tempfile.TemporaryDirectory() as folder:
        file = str(Path(folder) / "model.json")
        model.save_model(file, format="json")
        model_json = json.loads(Path(file).read_text("utf-8"))
    scale, bias = model_json["scale_and_bias"]
    trees = model_json["oblivious_trees"]
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


def makes_cases(text: Text) -> bool:
    """Return whether cases are made of this text: of a web page in one rendering, of others in two."""
    if text.kind == "web":
        return text.rendering == RENDERINGS[hashed(text.page, len(RENDERINGS))] and is_long_enough(text)
    return text.rendering != "main" and is_long_enough(text)


def learn(texts: Sequence[Text], pages: Sequence[Page]) -> CatBoostClassifier:
    """Return the model of these texts."""
    cases = make_cases([text for text in texts if makes_cases(text)], pages)
    return fit(rows_of([*((text, WEIGHTS[text.kind]) for text in texts), *cases]))


def cross_validate(texts: Sequence[Text], pages: Sequence[Page], folds: int) -> None:
    """Print the scores of all gold texts, each by a model that knows nothing of its publisher and template."""
    groups = sorted({text.group for text in texts}, key=lambda group: hashlib.sha256(group.encode()).digest())
    fold_of = {group: number % folds for number, group in enumerate(groups)}
    predictions: list[tuple[Text, np.ndarray]] = []
    for fold in range(folds):
        model = learn([text for text in texts if fold_of[text.group] != fold], pages)
        predictions += [
            (text, chances(model, text.table))
            for text in texts
            if fold_of[text.group] == fold and text.kind in GOLD_SETS
        ]
        print(f"fold {fold + 1} of {folds}", flush=True)
    report(predictions)


def leave_out(texts: Sequence[Text], pages: Sequence[Page], kind: str) -> None:
    """Print the scores of a set by a model that knows nothing of its publishers and templates."""
    groups = {text.group for text in texts if text.kind == kind}
    model = learn([text for text in texts if text.group not in groups], pages)
    report([(text, chances(model, text.table)) for text in texts if text.kind == kind])


def report(predictions: Sequence[tuple[Text, np.ndarray]]) -> None:
    """Print 4-gram F1, precision and recall of each set and rendering."""
    pairs: dict[tuple[str, str], list[tuple[float, float]]] = {}
    for text, probability in predictions:
        chosen = select_likely_lines(LineScores(probability, text.tokens, ()))
        tokens = [token for index in sorted(chosen) for token in tokens_of(text.lines[index])]
        pairs.setdefault((text.kind, text.rendering), []).append(right(tokens, text.gold))
    for (kind, rendering), scores in pairs.items():
        precision, recall = np.mean(scores, axis=0)
        each = [2 * p * r / (p + r) if p + r else 0.0 for p, r in scores]
        error = np.std(each) / len(each) ** 0.5
        f1 = 2 * precision * recall / (precision + recall)
        print(f"{kind:8s} {rendering:8s} F1 {f1:.4f} P {precision:.3f} R {recall:.3f} standard error {error:.3f}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("corpus", type=Path)
    parser.add_argument("--output", type=Path, default=MODEL)
    parser.add_argument("--cache", type=Path, help="folder that keeps what is read from HTML from one time to the next")
    parser.add_argument("--folds", type=int, default=0)
    parser.add_argument("--leave-out", choices=GOLD_SETS)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        pages = read_pages(arguments.corpus, (arguments.cache or Path(folder)) / "pages.jsonl")
    texts = read_corpus(pages)
    print(f"{len(texts)} texts of {len({text.group for text in texts})} publishers and templates", flush=True)
    if arguments.folds:
        cross_validate(texts, pages, arguments.folds)
    elif arguments.leave_out:
        leave_out(texts, pages, arguments.leave_out)
    else:
        names = sorted(read_features(read_lines("A line.\n")))
        write(learn(texts, pages), names, arguments.output)


if __name__ == "__main__":
    main()
