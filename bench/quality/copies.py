"""Copies of one text: how many made variants of real articles are known again, and how many other texts are kept apart.

    python -m bench.quality.copies CORPUS

CORPUS holds folders with `gold.jsonl`, of which `body` is read. Each body is landed with variants of it: trimmed,
updated, with boilerplate, with another headline, with 4 % of the words dropped. Hard negatives are follow-ups that
repeat up to a quarter of a text, different texts with one boilerplate, and news made from templates.
"""

from __future__ import annotations

import json
import random
import re
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

from bench.results import write_section
from tests.support.rows import NOON, article
from warehouse.connect import connect
from warehouse.copies.update import update_copies
from warehouse.storage.tables import Store

MIN_WORDS = 60
BOILERPLATE, *TEMPLATES = Path(__file__).with_name("copies_texts.txt").read_text("utf-8").splitlines()
PLACES = ["Arden", "Bellwick", "Corvale", "Dunmere", "Eastholt", "Farrow", "Glenross", "Harwick", "Ilmere", "Kestrel"]


def main() -> int:
    corpus, rng = Path(sys.argv[1]), random.Random(7)  # noqa: S311
    texts = list(bodies(corpus))
    articles: dict[str, str] = {}
    for number, body in enumerate(texts):
        articles[f"{number}/original"] = body
        for kind, change in VARIANTS.items():
            articles[f"{number}/{kind}"] = change(body, rng)
        articles[f"f{number}/follow-up"] = follow_up(body, texts[number - 1], rng)
    for number, body in enumerate(texts[:300]):
        articles[f"b{number}/same boilerplate"] = f"{jumbled(body, 70, rng)}\n\n{BOILERPLATE}"
    traps = [(index, number) for index in range(len(TEMPLATES)) for number in range(60)]
    for index, number in traps:
        articles[f"t{index}.{number}/template"] = fill(TEMPLATES[index], rng)
    with tempfile.TemporaryDirectory() as folder:
        groups = group(Path(folder), articles, rng)
    report = "\n".join(measure(articles, groups, len(traps)))
    print(report)
    write_section("Copies: made variants of real articles, with hard negatives", f"{len(texts)} texts\n{report}")
    return 0


def bodies(corpus: Path) -> Iterator[str]:
    """Yield long bodies; of those that share a third of their runs of words, as reprints do, the first."""
    known_runs: set[str] = set()
    for path in sorted(corpus.glob("*/gold.jsonl")):
        for line in path.open(encoding="utf-8"):
            body = json.loads(line).get("body") or ""
            words = body.split()
            runs = {" ".join(words[start : start + 5]) for start in range(len(words) - 4)}
            if len(words) >= MIN_WORDS and len(runs & known_runs) < len(runs) / 3:
                yield body
            known_runs |= runs


def trimmed(body: str, rng: random.Random) -> str:
    words = body.split(" ")
    return " ".join(words[: round(len(words) * rng.uniform(0.55, 0.85))])


def updated(body: str, rng: random.Random) -> str:
    """Put a paragraph of news first and one in the middle, and change a quarter of the numbers."""
    changed = re.sub(r"\d+", lambda match: str(rng.randrange(999)) if rng.random() < 0.25 else match[0], body)
    lines = changed.split("\n")
    size = max(8, len(body.split()) // 10)
    lines.insert(0, " ".join(rng.choice(PLACES) + rng.choice(["ed", "ing", "er"]) for _ in range(size)))
    lines.insert(len(lines) // 2, " ".join(rng.choice(PLACES).lower() for _ in range(size)))
    return "\n".join(lines)


def framed(body: str, _: random.Random) -> str:
    words = BOILERPLATE.split(" ")
    return f"{body}\n\n{' '.join(words[: max(20, len(body.split()) // 4)])}"


def reworded(body: str, rng: random.Random) -> str:
    return " ".join(word for word in body.split(" ") if rng.random() >= 0.04)


def headed(body: str, _: random.Random) -> str:
    return body


def follow_up(body: str, other: str, rng: random.Random) -> str:
    """Write news as long as this text, and repeat up to a quarter of it as background."""
    words = body.split(" ")
    size = round(len(words) * rng.uniform(0.1, 0.25))
    start = rng.randrange(max(1, len(words) - size))
    return " ".join([jumbled(other, len(words) - size, rng), *words[start : start + size]])


def jumbled(text: str, size: int, rng: random.Random) -> str:
    """Return some words of a text in another order: a text of the same language that is no copy."""
    return " ".join(rng.choices(text.split(), k=size))


VARIANTS: dict[str, Callable[[str, random.Random], str]] = {
    "trim": trimmed,
    "update": updated,
    "boilerplate": framed,
    "headline": headed,
    "words dropped": reworded,
}


def fill(template: str, rng: random.Random) -> str:
    text = template
    while "{" in text:
        text = text.replace("{place}", rng.choice(PLACES), 1).replace("{n}", str(rng.randrange(1, 60)), 1)
        text = text.replace("{day}", rng.choice(["Monday", "Friday", "Sunday"]), 1)
        text = text.replace("{side}", rng.choice(["north", "west"]), 1)
    return text


def group(root: Path, articles: dict[str, str], rng: random.Random) -> dict[str, str]:
    """Land the articles in two batches and return the group of each."""
    names = list(articles)
    rng.shuffle(names)
    for part in (names[::2], names[1::2]):
        rows = [article(1, article_id=name, version_id=name, url=name, text=articles[name]) for name in part]
        Store(root).land("articles", rows, source_id="bench", key=str(len(part)) + part[0].replace("/", "-"), now=NOON)
        update_copies(root, seconds=1)
    with connect(root) as connection:
        return dict(connection.execute("SELECT article_id, group_id FROM copies WHERE contained_id IS NULL").fetchall())


def measure(articles: dict[str, str], groups: dict[str, str], traps: int) -> Iterator[str]:
    """Yield precision over pairs, recall by kind of variant, and the share of templates that are in a group."""
    members: dict[str, list[str]] = {}
    for name, group_id in groups.items():
        members.setdefault(group_id, []).append(name)
    right = wrong = 0
    wrong_kinds: Counter[str] = Counter()
    for names in members.values():
        by_text = Counter(name.partition("/")[0] for name in names)
        pairs = len(names) * (len(names) - 1) // 2
        own = sum(count * (count - 1) // 2 for count in by_text.values())
        right += own
        wrong += pairs - own
        wrong_kinds.update({" + ".join(sorted({name.partition("/")[2] for name in names})): pairs - own})
    yield f"precision of pairs {right / (right + wrong):.4f} ({right:,} right, {wrong:,} wrong)"
    hits: Counter[str] = Counter()
    for kind in VARIANTS:
        names = [name for name in articles if name.endswith(f"/{kind}") and name[0].isdigit()]
        hits[kind] = sum(groups[name] == groups[f"{name.partition('/')[0]}/original"] for name in names)
        yield f"recall, {kind:14} {hits[kind] / len(names):.4f} of {len(names)}"
    count = len([name for name in articles if name.endswith("/original")])
    yield f"recall, all            {sum(hits.values()) / count / len(VARIANTS):.4f}"
    in_group = sum(len(members[groups[name]]) > 1 for name in articles if name[0] == "t")
    yield f"templates in a group with another {in_group / traps:.4f} of {traps}"
    yield from (f"  wrong: {kinds}: {pairs}" for kinds, pairs in wrong_kinds.most_common(6) if pairs)


if __name__ == "__main__":
    sys.exit(main())
