"""Features of each block of a page that the block model reads: its text, its elements, what stands around it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from tasks.boilerplate.boosted_trees import Floats
from tasks.boilerplate.line_features import (
    Words,
    number_equal_values,
    read_line_features,
    words_once_a_line,
)
from tasks.html.blocks import PageBlocks
from tasks.html.element_names import MARKS
from tasks.text.characters import text_key
from tasks.text.densest_run import densest_run

_TAGS: Final = (
    "p",
    "h1",
    "h2",
    "h3",
    "h4",
    "li",
    "td",
    "tr",
    "div",
    "blockquote",
    "figcaption",
    "section",
    "dd",
    "article",
)
_TAG_NUMBERS: Final = {tag: number for number, tag in enumerate(_TAGS)}
MAX_TITLES: Final = 6
MAX_SUMMARY_CHARACTERS: Final = 1_000
MAX_DISTANCE: Final = 40

# Of a block that is searched for in the stated text.
MIN_STATED_CHARACTERS: Final = 25
MAX_STATED_CHARACTERS: Final = 100
MIN_PROSE_WORDS: Final = 8
MAX_PROSE_LINKED_SHARE: Final = 0.4
_NEIGHBOUR_OFFSETS: Final = (-3, -2, -1, 1, 2, 3)
_NEIGHBOUR_FEATURES: Final = ("words", "linked", "prose_share", "is_heading", "ends_stop", "is_p", "same_signature")
_WINDOWS: Final = ((-6, -1), (1, 6), (-20, -1), (1, 20))
_WINDOW_FEATURES: Final = ("prose_share", "linked", "ends_stop", "is_p")
_RUN_PENALTIES: Final = (4.0, 12.0)


@dataclass(frozen=True, slots=True)
class PageStatements:
    """What a page states about its article, for comparison with its blocks."""

    titles: tuple[str, ...] = ()
    descriptions: tuple[str, ...] = ()
    body: str = ""
    """The text that its JSON-LD gives, or nothing."""


@dataclass(frozen=True, slots=True)
class BlockFeatures:
    """The features of all blocks of a page by name, and the groups of blocks that are alike."""

    columns: dict[str, Floats]
    words: Floats
    groups: dict[str, NDArray[np.intp]]
    """For each block the number of its container, of the three around that, and of its two signatures."""


def read_block_features(page: PageBlocks, statements: PageStatements) -> BlockFeatures:
    """Return the features of each block of a page that has any."""
    texts = page.texts
    count = len(texts)
    titles = [title for title in statements.titles if title][:MAX_TITLES]
    summary = " ".join(statements.descriptions)[:MAX_SUMMARY_CHARACTERS]
    line_features, words = read_line_features([*texts, *titles, summary])
    columns = {name: row[:count] for name, row in line_features.items()}
    columns |= _overlap_features(words, count, len(titles)) | _element_features(page)
    word_counts = np.expm1(columns["words"])
    is_prose = (word_counts >= MIN_PROSE_WORDS) & (columns["linked"] < MAX_PROSE_LINKED_SHARE) & (columns["stops"] > 0)
    prose = np.where(is_prose, word_counts, 0).astype(np.float32)
    groups = _group_blocks(page)
    columns |= _container_shares(groups, prose, columns)
    columns |= _position_features(columns, prose, word_counts)
    columns |= _statement_features(texts, statements)
    columns |= _neighbour_features(columns, groups["signature"])
    arrays = {name: np.asarray(row, np.float32) for name, row in columns.items()}
    return BlockFeatures(arrays, word_counts, groups)


def _element_features(page: PageBlocks) -> dict[str, Floats]:
    """Return features of the elements around each block."""
    containers = [page.containers[block.container] for block in page.blocks]
    depth = np.array([container.depth for container in containers], np.float32)
    # Most blocks share their marks with others.
    rows: dict[tuple[int, ...], int] = {}
    row_of = [rows.setdefault(container.mark_depths, len(rows)) for container in containers]
    mark_depths = np.array(list(rows), np.float32).T
    distances = np.minimum(depth - mark_depths[:, row_of], MAX_DISTANCE)
    columns = dict(zip((f"to_{mark}" for mark in MARKS), distances, strict=True))
    tag_numbers = np.array([_TAG_NUMBERS.get(container.element.tag, -1) for container in containers])
    columns |= {f"is_{tag}": (tag_numbers == number).astype(np.float32) for tag, number in _TAG_NUMBERS.items()}
    columns["is_heading"] = columns["is_h1"] + columns["is_h2"] + columns["is_h3"] + columns["is_h4"]
    columns["depth"] = depth
    columns["linked"] = np.array([block.linked_share for block in page.blocks], np.float32)
    columns["bold"] = np.array([block.bold_share for block in page.blocks], np.float32)
    return columns


def _group_blocks(page: PageBlocks) -> dict[str, NDArray[np.intp]]:
    """Return groups of blocks that stand in the same elements, or in elements of the same names: a number each."""
    # The last one is around the page itself.
    above = np.array([container.parent for container in page.containers], np.intp)
    own = np.array([block.container for block in page.blocks], np.intp)
    parent = above[own]
    grandparent = above[parent]
    # Most elements of a page hold no text at these levels.
    near = np.flatnonzero(np.bincount(np.concatenate([own, parent, grandparent])))
    elements = (page.containers[number].element for number in near.tolist())
    signatures: dict[str, int] = {}
    names = (f"{element.tag}.{element.get('class', '')[:60]}" for element in elements)
    signature = np.zeros(len(page.containers), np.int64)
    signature[near] = [signatures.setdefault(name, len(signatures)) for name in names]
    short = signature[own] * len(signatures) + signature[parent]
    return {
        "own": own,
        "parent": parent,
        "above": grandparent,
        "top": above[grandparent],
        "signature": number_equal_values(short),
        "long_signature": number_equal_values(short * len(signatures) + signature[grandparent]),
    }


def _overlap_features(words: Words, count: int, title_count: int) -> dict[str, Floats]:
    """Return the shares of words that each block has in common with the page's titles and description."""
    line, word, vocabulary_size = words_once_a_line(words)
    sizes = np.maximum(1, np.bincount(line, minlength=count + title_count + 1))
    columns: dict[str, list[Floats]] = {"title": [], "summary": []}
    for other in range(count, count + title_count + 1):
        has_word = np.zeros(vocabulary_size, np.bool_)
        has_word[word[line == other]] = True
        common = np.bincount(line, has_word[word], count + title_count + 1)
        shares = (common / sizes)[:count], (common / sizes[other])[:count]
        columns["title" if other < count + title_count else "summary"].append(np.stack(shares).astype(np.float32))
    empty = np.zeros((2, count), np.float32)
    title = np.max(columns["title"], axis=0) if columns["title"] else empty
    summary = columns["summary"][0]
    return {"in_title": title[0], "of_title": title[1], "in_summary": summary[0], "of_summary": summary[1]}


def _sum_by(groups: NDArray[np.intp], values: Floats) -> Floats:
    return np.bincount(groups, values)[groups].astype(np.float32)


def _container_shares(
    groups: dict[str, NDArray[np.intp]], prose: Floats, columns: dict[str, Floats]
) -> dict[str, Floats]:
    """Return the shares of the page's prose that stand in the same elements and in elements of the same names."""
    total = max(float(prose.sum()), 1.0)
    ones = np.ones(len(prose), np.float32)
    siblings = _sum_by(groups["parent"], ones)
    best = ("parent", "above", "signature")
    shared = ("parent", "above", "top", "signature", "long_signature")
    return {
        **{f"prose_{name}": _sum_by(groups[name], prose) / total for name in shared},
        **{f"best_{name}": (groups[name] == _best(groups[name], prose)).astype(np.float32) for name in best},
        "prose_share": prose / total,
        "prose": np.log1p(prose),
        "page_prose": np.full(len(prose), np.log1p(total), np.float32),
        "siblings": np.log1p(siblings),
        "like_signature": np.log1p(_sum_by(groups["long_signature"], ones)),
        "linked_siblings": _sum_by(groups["parent"], columns["linked"]) / siblings,
    }


def _best(groups: NDArray[np.intp], prose: Floats) -> int:
    return int(np.bincount(groups, prose).argmax()) if prose.any() else int(groups[0])


def _position_features(columns: dict[str, Floats], prose: Floats, words: Floats) -> dict[str, Floats]:
    """Return the position of each block on the page, in its prose, and in the densest runs of prose."""
    count = len(prose)
    index = np.arange(count, dtype=np.float32)
    total = max(float(prose.sum()), 1.0)
    before = np.cumsum(prose) - prose
    first_h1 = int(columns["is_h1"].argmax()) if columns["is_h1"].any() else -1
    inside = np.flatnonzero(columns["best_parent"])
    begin, end = int(inside[0]), int(inside[-1])
    positions = {
        "place": index / count,
        "from_end": np.log1p(count - 1 - index),
        "blocks": np.full(count, np.log1p(count)),
        "prose_before": before / total,
        "from_h1": np.clip(index - first_h1, -MAX_DISTANCE, MAX_DISTANCE) if first_h1 >= 0 else np.full(count, -99.0),
        "from_best": np.clip(index - begin, -MAX_DISTANCE, MAX_DISTANCE),
        "past_best": np.clip(index - end, -MAX_DISTANCE, MAX_DISTANCE),
    }
    for number, penalty in enumerate(_RUN_PENALTIES):
        begin, end = densest_run(
            np.where(prose > 0, prose, -penalty - np.minimum(words, 20) * columns["linked"]).tolist()
        )
        mass = float(prose[begin:end].sum())
        positions |= {
            f"from_run{number}": np.clip(index - begin, -MAX_DISTANCE, MAX_DISTANCE),
            f"past_run{number}": np.clip(index - end + 1, -MAX_DISTANCE, MAX_DISTANCE),
            f"run{number}": np.full(count, mass / total),
            f"share_of_run{number}": (before - before[min(begin, count - 1)]) / max(mass, 1.0),
        }
    return {name: np.asarray(row, np.float32) for name, row in positions.items()}


def _statement_features(texts: Sequence[str], statements: PageStatements) -> dict[str, Floats]:
    """Return whether the text that the page states has a block, and how often the page prints the block's text."""
    body = text_key(statements.body)
    times: dict[str, int] = {}
    for text in texts:
        times[text] = times.get(text, 0) + 1
    is_stated = [
        bool(body) and len(text) > MIN_STATED_CHARACTERS and text_key(text[:MAX_STATED_CHARACTERS]) in body
        for text in texts
    ]
    return {
        "stated": np.array(is_stated, np.float32) if body else np.full(len(texts), -1, np.float32),
        "stated_length": np.full(len(texts), np.log1p(len(body)), np.float32),
        "repeated": np.array([min(5, times[text]) for text in texts], np.float32),
    }


def _neighbour_features(columns: dict[str, Floats], signature: NDArray[np.intp]) -> dict[str, Floats]:
    """Return some features of the blocks next to each block, and their means over windows of blocks."""
    count = len(signature)
    columns["same_signature"] = np.append(False, signature[1:] == signature[:-1]).astype(np.float32)
    table = np.stack([columns[name] for name in _NEIGHBOUR_FEATURES])
    beside: dict[str, Floats] = {}
    for offset in _NEIGHBOUR_OFFSETS:
        moved = np.full_like(table, -1)
        if abs(offset) < count:
            if offset < 0:
                moved[:, -offset:] = table[:, :offset]
            else:
                moved[:, :-offset] = table[:, offset:]
        beside |= {f"{name}{offset:+d}": row for name, row in zip(_NEIGHBOUR_FEATURES, moved, strict=True)}
    table = np.stack([columns[name] for name in _WINDOW_FEATURES])
    sums = np.concatenate([np.zeros((len(table), 1), np.float32), np.cumsum(table, axis=1)], axis=1)
    index = np.arange(count)
    for begin, end in _WINDOWS:
        low = np.clip(index + begin, 0, count)
        high = np.clip(index + end + 1, 0, count)
        means = (sums.take(high, axis=1) - sums.take(low, axis=1)) / np.maximum(1, high - low)
        beside |= {f"{name}{begin:+d}{end:+d}": row for name, row in zip(_WINDOW_FEATURES, means, strict=True)}
    return beside
