"""Tell the language of sentences, titles and bodies, beside four other engines, and write the table of RESULTS.md.

    python -m bench.quality.language [FOLDER...]

The sentences are those of tests/languages. Every FOLDER of more holds a file `<BCP 47 tag>.txt` a language, with a
sentence on each line. Where COPYDESK_CORPUS names a gold corpus, its titles, leads and bodies are told too; a page of
which all WITNESSES read the body as one language, and as another than its label, is set apart. An engine that is
not installed is left out; a language that an engine lacks counts as wrong.
"""

from __future__ import annotations

import importlib.util
import json
import os
import sys
import time
import tomllib
from collections import defaultdict
from collections.abc import Callable, Iterable
from pathlib import Path
from statistics import mean

from bench.results import write_section
from tasks.detect import detect_language

Engine = Callable[[str], str]
Sentences = dict[str, list[str]]
LANGUAGES = Path(__file__).resolve().parent.parent.parent / "tests" / "languages"
SAME = {"no": "nb", "iw": "he", "jw": "jv", "fil": "tl", "ckb": "ku", "bh": "bho"}
REPEATS = 40
WITNESSES = ("pycld2", "py3langid", "lingua")
"""Engines that have to agree for a label to be doubted: some are of a paper's country, not of its page."""


def langdetect() -> Engine:
    from langdetect import DetectorFactory, LangDetectException, detect

    DetectorFactory.seed = 0

    def detect_tag(text: str) -> str:
        try:
            return str(detect(text))
        except LangDetectException:
            return "und"

    return detect_tag


def pycld2() -> Engine:
    from pycld2 import detect

    def detect_tag(text: str) -> str:
        printable = "".join(letter if letter.isprintable() else " " for letter in text)
        return str(detect(printable, bestEffort=True)[2][0][1])

    return detect_tag


def py3langid() -> Engine:
    from py3langid import classify

    return lambda text: str(classify(text)[0])


def lingua() -> Engine:
    from lingua import LanguageDetectorBuilder

    detector = LanguageDetectorBuilder.from_all_languages().build()

    def detect_tag(text: str) -> str:
        language = detector.detect_language_of(text)
        return language.iso_code_639_1.name.lower() if language else "und"

    return detect_tag


ENGINES: dict[str, Callable[[], Engine]] = {
    "copydesk": lambda: lambda text: detect_language(text).tag,
    "langdetect": langdetect, "pycld2": pycld2, "py3langid": py3langid, "lingua": lingua,
}  # fmt: skip


def primary(tag: str) -> str:
    first = tag.partition("-")[0].lower()
    return SAME.get(first, first)


def read_sets(folders: Iterable[str], engines: dict[str, Engine]) -> dict[str, Sentences]:
    sets: dict[str, Sentences] = {
        name: tomllib.loads((LANGUAGES / f"{name}.toml").read_text("utf-8")) for name in ("news", "declaration")
    }
    sets["capitals"] = {tag: [text.upper() for text in texts] for tag, texts in sets["news"].items()}
    for folder in folders:
        paths = sorted(Path(folder).glob("*.txt"))
        sets[Path(folder).name] = {path.stem: path.read_text("utf-8").splitlines() for path in paths}
    if corpus := os.environ.get("COPYDESK_CORPUS"):
        sets |= read_corpus(Path(corpus) / "corpus" / "news" / "gold.jsonl", engines)
    return sets


def read_corpus(path: Path, engines: dict[str, Engine]) -> dict[str, Sentences]:
    pages = [json.loads(line) for line in path.read_text("utf-8").splitlines()]
    pages = [page for page in pages if page.get("language") and page.get("body") and page.get("title")]
    sets: dict[str, Sentences] = {
        name: defaultdict(list) for name in ("titles", "leads", "bodies", "bodies of doubted labels")
    }
    for page in pages:
        label, body = page["language"], page["body"]
        if is_doubted(label, body, engines):
            sets["bodies of doubted labels"][label].append(body)
            continue
        for name, text in {"titles": page["title"], "leads": body[:200], "bodies": body}.items():
            sets[name][label].append(text)
    return {name: sentences for name, sentences in sets.items() if sentences}


def is_doubted(label: str, text: str, engines: dict[str, Engine]) -> bool:
    """Return whether all witnesses read the text as the same language, and not as the label's."""
    heard = {primary(engines[name](text)) if name in engines else "" for name in WITNESSES}
    return len(heard) == 1 and heard.isdisjoint(("", primary(label)))


def accuracy(engine: Engine, sentences: Sentences) -> dict[str, float]:
    return {tag: mean(primary(engine(text)) == primary(tag) for text in texts) for tag, texts in sentences.items()}


def together(accuracies: dict[str, dict[str, float]], sets: dict[str, Sentences], tag: str) -> float:
    counts = {name: len(sets[name].get(tag, ())) for name in ("news", "declaration")}
    return sum(accuracies[name].get(tag, 0.0) * count for name, count in counts.items()) / sum(counts.values())


def cpu(engine: Engine, text: str) -> float:
    """Measure the CPU milliseconds for a text: the least of many, as the machine has other work."""
    engine(text)
    durations = []
    for _ in range(REPEATS):
        started = time.process_time_ns()
        engine(text)
        durations.append(time.process_time_ns() - started)
    return min(durations) / 1e6


def trust(sets: dict[str, Sentences]) -> str:
    lines = ["answers of copydesk by confidence: how many, and how many of these are right"]
    for name, sentences in sets.items():
        guesses = [(detect_language(text), tag) for tag, texts in sentences.items() for text in texts]
        sure = [primary(guess.tag) == primary(tag) for guess, tag in guesses if guess.confidence >= 0.95]
        rest = [primary(guess.tag) == primary(tag) for guess, tag in guesses if 0 < guess.confidence < 0.95]
        none = sum(guess.tag == "und" for guess, _ in guesses)
        low = f"{mean(rest):7.2%} of {len(rest):4}" if rest else "      -        "
        lines.append(f"{name:14} >= .95: {mean(sure):7.2%} of {len(sure):5}   below: {low}   und: {none}")
    return "\n".join(lines)


def main() -> int:
    engines = {name: make() for name, make in ENGINES.items() if name == "copydesk" or importlib.util.find_spec(name)}
    sets = read_sets(sys.argv[1:], engines)
    accuracies = {
        name: {key: accuracy(engine, sentences) for key, sentences in sets.items()} for name, engine in engines.items()
    }
    head = f"{'macro % of':26}" + "".join(f"{name:>12}" for name in engines)
    lines = [head]
    for key, sentences in sets.items():
        label = f"{key}, {len(sentences)}" + (" languages" if len(key) < 20 else "")
        lines.append(f"{label:26}" + "".join(f"{100 * mean(accuracies[name][key].values()):12.1f}" for name in engines))
    prose = " ".join(sets["news"]["en"] + sets["news"]["en"])
    for label, text in (("CPU ms, 200 characters", prose[:200]), ("CPU ms, 3 kB", "\n\n".join([prose[:480]] * 6))):
        lines.append(f"{label:26}" + "".join(f"{cpu(engine, text):12.3f}" for engine in engines.values()))
    lines += ["", trust(sets), "", "by language, % of news and declaration together"]
    for tag in sorted(sets["declaration"] | sets["news"]):
        lines.append(f"{tag:26}" + "".join(f"{100 * together(accuracies[name], sets, tag):12.0f}" for name in engines))
    report = "\n".join(lines)
    print(report)
    write_section("Languages: sentences, titles and bodies beside other engines", report)
    return 0


if __name__ == "__main__":
    sys.exit(main())
