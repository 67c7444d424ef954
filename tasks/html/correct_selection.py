"""Correcting which blocks of a page are selected: prose, lists and galleries are made whole, other stories dropped."""

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
from tasks.html.block_features import BlockFeatures
from tasks.html.label_blocks import MAX_CAPTION_DISTANCE, MIN_GALLERY_SHARE, MIN_LINKED_SHARE, number_names
from tasks.html.select_blocks import MIN_SURE_PROBABILITY

# Of the selected prose, in elements of the same names as a block that is completed; and of such a block.
MIN_ALIKE_SHARE: Final = 0.5
MIN_COMPLETED_PROBABILITY: Final = 0.05
# Of the prose in elements of one kind beside each other.
MIN_SIBLING_SHARE: Final = 0.6
# Of a standfirst that the names of its element call so.
MIN_LEAD_PROBABILITY: Final = 0.5
# Elements between a text and the one that is named a gallery or picture.
MAX_GALLERY_DISTANCE: Final = 2
MAX_LIST_ITEMS: Final = 15
MIN_OWN_ITEMS: Final = 2
LINK_MARKS: Final = (">", "»", "›", "►", "▶", "▸", "→", "➔", "➡", "👉")
# Fewer selected blocks may be a short article below a link.
MIN_TEASERS: Final = 3
# Its day is shorter.
MIN_TEASER_WORDS: Final = 4


def correct_selection(
    texts: Sequence[str], features: BlockFeatures, probability: Floats, selected: set[int]
) -> set[int]:
    """Return the selected blocks with what belongs to them and without the blocks of other stories.

    A list is completed before its links are judged, and a page of teasers is known last, by what is left of it.
    """
    selected = _complete_above(features, probability, selected)
    selected = _complete_gallery(features, selected)
    selected = _complete_lists(texts, features, selected)
    selected = _drop_other_gallery(features, probability, selected)
    selected = _drop_marked_links(texts, features, selected)
    return drop_teasers(features, probability, selected)


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


def _complete_above(features: BlockFeatures, probability: Floats, selected: set[int]) -> set[int]:
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
    if is_paragraph and probability[last] >= MIN_COMPLETED_PROBABILITY and number_names(columns)[last] < 0:
        above.add(last)
    return selected | above


def _complete_gallery(features: BlockFeatures, selected: set[int]) -> set[int]:
    """Return the selected blocks; where they all are captions, with the others in elements of the same names."""
    columns = features.columns
    is_caption = columns["to_caption"] <= MAX_GALLERY_DISTANCE
    indexes = sorted(selected)
    if not indexes or not is_caption[indexes].all():
        return selected
    is_alike = np.isin(features.groups["signature"], features.groups["signature"][indexes])
    return set(np.flatnonzero(is_caption & is_alike & (columns["prose"] > 0)).tolist()) | selected


def _complete_lists(texts: Sequence[str], features: BlockFeatures, selected: set[int]) -> set[int]:
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


def _drop_other_gallery(features: BlockFeatures, probability: Floats, selected: set[int]) -> set[int]:
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


def _drop_marked_links(texts: Sequence[str], features: BlockFeatures, selected: set[int]) -> set[int]:
    """Return the selected blocks without links that begin with an arrow: `>> Storm hits coast`."""
    linked = features.columns["linked"]
    return {index for index in selected if linked[index] < MIN_LINKED_SHARE or not texts[index].startswith(LINK_MARKS)}


def drop_teasers(features: BlockFeatures, probability: Floats, selected: set[int]) -> set[int]:
    """Return the selected blocks; none if each stands below a link or is one, and the model is sure of no other.

    Those are the teasers of a page that holds no article.
    """
    indexes = [index for index in selected if features.words[index] >= MIN_TEASER_WORDS]
    linked = features.columns["linked"] >= MIN_LINKED_SHARE
    is_short = features.words < MIN_TEASER_WORDS
    # A day may stand between.
    is_teaser = linked | _above(linked, 1) | (_above(is_short, 1) & _above(linked, 2))
    is_list = len(indexes) >= MIN_TEASERS and is_teaser[indexes].all()
    best = np.where(linked, 0, probability)[indexes].max(initial=0)
    return set() if is_list and best < MIN_SURE_PROBABILITY else selected


def _above(values: NDArray[np.bool_], distance: int) -> NDArray[np.bool_]:
    """Return for each block the value of the one `distance` above it; False where there is none."""
    return np.concatenate((np.zeros(distance, np.bool_), values))[: len(values)]
