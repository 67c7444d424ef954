"""Selecting the blocks of a page that are its article, and saying of each other block what it was."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from itertools import pairwise
from typing import Final

import numpy as np
from numpy.typing import NDArray

from tasks.boilerplate.boosted_trees import Floats
from tasks.boilerplate.cues import find_cues
from tasks.boilerplate.line_features import number_equal_values
from tasks.boilerplate.model import LineScores
from tasks.boilerplate.select_lines import select_likely_lines
from tasks.html.block_features import MIN_PROSE_WORDS, BlockFeatures
from tasks.text.characters import text_keys
from warehouse.model.vocabulary import LineReason

# From this share of words that are expected to be judged rightly, no second reader is asked.
MIN_CONFIDENCE: Final = 0.93
# Blocks that are surely no article say nothing about how hard a page is.
MIN_DOUBTFUL_PROBABILITY: Final = 0.05
# What the second reader takes stays from the first probability on, what it leaves out from the second on.
MIN_SECONDED_PROBABILITY: Final = 0.15
MIN_SURE_PROBABILITY: Final = 0.8
# What the model takes alone between blocks that both take.
MIN_ALONE_PROBABILITY: Final = 0.45
# Of the selected prose, in elements of the same names as a block that is completed; and of such a block.
MIN_ALIKE_SHARE: Final = 0.5
MIN_COMPLETED_PROBABILITY: Final = 0.05
# Of the prose in elements of one kind beside each other.
MIN_SIBLING_SHARE: Final = 0.6
# Of a standfirst that the names of its element call so.
MIN_LEAD_PROBABILITY: Final = 0.5
# Elements between a caption's text and its `figcaption`; and the share of captions among the words of a gallery.
MAX_CAPTION_DISTANCE: Final = 3
MIN_GALLERY_SHARE: Final = 0.5
# Elements between a text and the one that is named a gallery or picture.
MAX_GALLERY_DISTANCE: Final = 2
MAX_LIST_ITEMS: Final = 15
MIN_OWN_ITEMS: Final = 2
LINK_MARKS: Final = (">", "»", "›", "►", "▶", "▸", "→", "➔", "➡", "👉")
# Fewer selected blocks may be a short article below a link.
MIN_TEASERS: Final = 3
# Its day is shorter.
MIN_TEASER_WORDS: Final = 4
# Of a block, for comparison with the second reader's text; a shorter block must be one of its lines.
COMPARED_CHARACTERS: Final = 120
MIN_COMPARED_CHARACTERS: Final = 25

# How far above a block an element may be whose name says what the block is, in the order of trust.
_REASONS: Final = {
    "figcaption": (LineReason.CAPTION, 3),
    "comment": (LineReason.COMMENT, 12),
    "subscription": (LineReason.NEWSLETTER, 4),
    "share": (LineReason.SHARE, 3),
    "related": (LineReason.RELATED, 8),
    "nav": (LineReason.MENU, 12),
    "navigation": (LineReason.MENU, 3),
    "footer": (LineReason.LEGAL, 3),
    "caption": (LineReason.CAPTION, 2),
    "tag": (LineReason.TAGS, 2),
    "author": (LineReason.BYLINE, 2),
    "date": (LineReason.DATE_LINE, 1),
}
_MIN_TITLE_SHARE: Final = 0.8
_MIN_LINKED_SHARE: Final = 0.5
_MAX_MENU_WORDS: Final = 3


def is_sure(probability: Floats, words: Floats) -> bool:
    """Return whether no second reader needs to be asked."""
    return find_confidence(probability, words) >= MIN_CONFIDENCE


def find_confidence(probability: Floats, words: Floats) -> float:
    """Return the share of words that are expected to be judged rightly, of the blocks that may be article."""
    doubtful = probability > MIN_DOUBTFUL_PROBABILITY
    weights = (words + 0.1)[doubtful]
    certainty = np.maximum(probability, 1 - probability)[doubtful]
    return float((certainty * weights).sum() / weights.sum()) if len(weights) else 0.0


def select_blocks(texts: Sequence[str], probability: Floats, words: Floats) -> set[int]:
    """Return the indexes of the blocks with the greatest expected F1 together, each repeated text once."""
    selected = select_likely_lines(LineScores(probability, words, ()))
    return _without_repeats(texts, words, selected)


def select_seconded(texts: Sequence[str], features: BlockFeatures, probability: Floats, second_text: str) -> set[int]:
    """Return the indexes of the blocks that the second reader takes too, and of those that surely are article.

    It sees no captions: of a gallery, what the model takes alone is the article.
    """
    words = features.words
    seconded = _find_in(texts, second_text)
    chosen = np.where(seconded, probability >= MIN_SECONDED_PROBABILITY, probability >= MIN_SURE_PROBABILITY)
    alone = probability >= MIN_ALONE_PROBABILITY
    is_caption = features.columns["to_figcaption"] <= MAX_CAPTION_DISTANCE
    if words[alone & is_caption].sum() > MIN_GALLERY_SHARE * words[alone].sum():
        chosen = alone
    return _without_repeats(texts, words, set(np.flatnonzero(chosen | _between(chosen, alone)).tolist()))


def _between(chosen: NDArray[np.bool_], alone: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Return the blocks of runs that the model takes alone and that chosen blocks stand right above and below."""
    is_between = np.zeros(len(chosen), np.bool_)
    indexes = np.flatnonzero(chosen)
    for above, below in pairwise(indexes.tolist()):
        is_between[above + 1 : below] = alone[above + 1 : below].all()
    return is_between


def complete(features: BlockFeatures, probability: Floats, selected: set[int]) -> set[int]:
    """Return the selected blocks with the prose that stands beside them and that the model nearly took.

    It stands in elements of the same names as most of the selected prose and near it, as bare text in the element that
    holds most of the selected paragraphs, or beside selected prose in elements of the same names that is most of it.
    """
    prose = np.expm1(features.columns["prose"])
    is_selected = np.zeros(len(prose), np.bool_)
    is_selected[list(selected)] = True
    total = float(prose[is_selected].sum())
    if not total:
        return selected
    groups = features.groups
    own = np.where(is_selected, prose, 0)
    is_alike = np.bincount(groups["signature"], own)[groups["signature"]] >= MIN_ALIKE_SHARE * total
    is_near = groups["above"] == np.bincount(groups["above"], own).argmax()
    is_bare = groups["own"] == np.bincount(groups["parent"], own).argmax()
    siblings = number_equal_values(groups["signature"] * len(prose) + groups["parent"])
    is_rest = np.bincount(siblings, own)[siblings] >= MIN_SIBLING_SHARE * np.bincount(siblings, prose)[siblings]
    candidates = (prose > 0) & (probability >= MIN_COMPLETED_PROBABILITY) & ((is_alike & is_near) | is_bare | is_rest)
    return selected | set(np.flatnonzero(candidates).tolist())


def complete_above(features: BlockFeatures, probability: Floats, selected: set[int]) -> set[int]:
    """Return the selected blocks with the standfirst above them, and with the paragraph right above them.

    The standfirst's element is named so; the paragraph is in a box of its own, and no name says that it is none.
    """
    columns = features.columns
    is_prose = columns["prose_share"] > 0
    first = min(selected, default=0)
    first_prose = min((index for index in selected if is_prose[index]), default=first)
    is_lead = is_prose & (columns["to_lead"] <= 0) & (probability >= MIN_LEAD_PROBABILITY)
    above = set(np.flatnonzero(is_lead[:first_prose]).tolist())
    last = first - 1
    is_paragraph = last >= 0 and is_prose[last] and columns["is_p"][last] and columns["ends_stop"][last]
    if is_paragraph and probability[last] >= MIN_COMPLETED_PROBABILITY and _number_names(columns)[last] < 0:
        above.add(last)
    return selected | above


def complete_lists(texts: Sequence[str], features: BlockFeatures, selected: set[int]) -> set[int]:
    """Return the selected blocks with the lists of links that a selected sentence introduces with a colon.

    Such a list stands between two selected blocks; one that the sentence announces as further reading is left out. An
    item of a list whose other items are selected belongs to them, too.
    """
    items = features.columns["is_li"] > 0
    groups = features.groups["above"]
    own_items = Counter(groups[index] for index in selected if items[index])
    missing = Counter(groups[items].tolist()) - own_items
    added = {
        index
        for index in np.flatnonzero(items).tolist()
        if missing[groups[index]] == 1 and own_items[groups[index]] >= MIN_OWN_ITEMS
    }
    for above, below in pairwise(sorted(selected)):
        between = range(above + 1, below)
        if (
            0 < len(between) <= MAX_LIST_ITEMS
            and texts[above].endswith((":", "："))
            and all(items[index] and groups[index] == groups[between[0]] for index in between)
            and not any(cue.kind == "related" for cue in find_cues(texts[above]))
        ):
            added.update(between)
    return selected | added


def drop_other_gallery(features: BlockFeatures, probability: Floats, selected: set[int]) -> set[int]:
    """Return the selected blocks without the pictures' titles and captions below the text, unless these are the most.

    They are the gallery of another story where the model is not sure of them.
    """
    columns = features.columns
    is_caption = (columns["to_caption"] <= MAX_GALLERY_DISTANCE) & (columns["to_figcaption"] > MAX_CAPTION_DISTANCE)
    words = features.words
    captions = {index for index in selected if is_caption[index]}
    text = selected - captions
    if not text or words[list(captions)].sum() > MIN_GALLERY_SHARE * words[list(selected)].sum():
        return selected
    last = max(text)
    return {index for index in selected if index <= last or probability[index] >= MIN_SURE_PROBABILITY}


def complete_gallery(features: BlockFeatures, selected: set[int]) -> set[int]:
    """Return the selected blocks; where they all are captions, with the others in elements of the same names."""
    columns = features.columns
    is_caption = columns["to_caption"] <= MAX_GALLERY_DISTANCE
    indexes = sorted(selected)
    if not indexes or not is_caption[indexes].all():
        return selected
    is_alike = np.isin(features.groups["signature"], features.groups["signature"][indexes])
    return set(np.flatnonzero(is_caption & is_alike & (columns["prose"] > 0)).tolist()) | selected


def drop_marked_links(texts: Sequence[str], features: BlockFeatures, selected: set[int]) -> set[int]:
    """Return the selected blocks without links that begin with an arrow: `>> Storm hits coast`."""
    linked = features.columns["linked"]
    return {index for index in selected if linked[index] < _MIN_LINKED_SHARE or not texts[index].startswith(LINK_MARKS)}


def drop_teasers(features: BlockFeatures, probability: Floats, selected: set[int]) -> set[int]:
    """Return the selected blocks; none if each stands below a link or is one, and the model is sure of no other.

    Those are the teasers of a page that holds no article.
    """
    indexes = [index for index in selected if features.words[index] >= MIN_TEASER_WORDS]
    linked = features.columns["linked"] >= _MIN_LINKED_SHARE
    is_short = features.words < MIN_TEASER_WORDS
    # A day may stand between.
    is_teaser = linked | _above(linked, 1) | (_above(is_short, 1) & _above(linked, 2))
    is_list = len(indexes) >= MIN_TEASERS and is_teaser[indexes].all()
    best = np.where(linked, 0, probability)[indexes].max(initial=0)
    return set() if is_list and best < MIN_SURE_PROBABILITY else selected


def _above(values: NDArray[np.bool_], distance: int) -> NDArray[np.bool_]:
    """Return for each block the value of the one `distance` above it; False where there is none."""
    return np.concatenate((np.zeros(distance, np.bool_), values))[: len(values)]


def _number_names(columns: dict[str, Floats]) -> NDArray[np.intp]:
    """Return for each block the number of the reason that a name near it gives, -1 if none does."""
    near = np.stack([columns[f"to_{mark}"] <= distance for mark, (_, distance) in _REASONS.items()])
    return np.where(near.any(axis=0), near.argmax(axis=0), -1)


def find_longest_run(features: BlockFeatures) -> set[int]:
    """Return the indexes of the blocks of prose in the element that holds most of it."""
    columns = features.columns
    return set(np.flatnonzero((columns["best_parent"] > 0) & (columns["prose_share"] > 0)).tolist())


def _find_in(texts: Sequence[str], text: str) -> NDArray[np.bool_]:
    lines = text_keys(text.split("\n"))
    key, whole = "".join(lines), set(lines)
    keys = text_keys([block[:COMPARED_CHARACTERS] for block in texts])
    return np.array(
        [
            block_key in (key if len(block) >= MIN_COMPARED_CHARACTERS else whole)
            for block, block_key in zip(texts, keys, strict=True)
        ],
        np.bool_,
    )


def _without_repeats(texts: Sequence[str], words: Floats, selected: set[int]) -> set[int]:
    known: set[str] = set()
    for index in sorted(selected):
        if words[index] >= MIN_PROSE_WORDS:
            if texts[index] in known:
                selected.discard(index)
            known.add(texts[index])
    return selected


def find_titles(features: BlockFeatures) -> NDArray[np.bool_]:
    """Return for each block whether it is a heading with most of the words of one of the page's titles."""
    columns = features.columns
    return (columns["in_title"] >= _MIN_TITLE_SHARE) & (columns["is_heading"] > 0)


def label_blocks(features: BlockFeatures, selected: set[int]) -> list[LineReason | None]:
    """Return for each block why it is not the article, from the names of the elements around it; None if it is."""
    columns = features.columns
    last = max(selected, default=-1)
    names = _number_names(columns).tolist()
    by_name = [reason for reason, _ in _REASONS.values()]
    is_title = find_titles(features)
    is_prose = columns["prose_share"] > 0
    is_linked = columns["linked"] >= _MIN_LINKED_SHARE
    reasons: list[LineReason | None] = []
    for index, word_count in enumerate(features.words.tolist()):
        if index in selected:
            reasons.append(None)
        elif is_title[index]:
            reasons.append(LineReason.TITLE)
        elif names[index] >= 0:
            reasons.append(by_name[names[index]])
        elif is_prose[index] and index > last >= 0:
            reasons.append(LineReason.SECOND_ARTICLE)
        elif is_linked[index]:
            reasons.append(LineReason.MENU if word_count <= _MAX_MENU_WORDS else LineReason.RELATED)
        else:
            reasons.append(LineReason.BOILERPLATE)
    return reasons
