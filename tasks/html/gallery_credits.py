"""The credits in the captions of a gallery: `The banner that the school painted. Photo: Ann Lee`."""

from __future__ import annotations

import numpy as np

from tasks.boilerplate.captions import read_caption
from tasks.html.block_features import BlockFeatures
from tasks.html.label_blocks import MAX_CAPTION_DISTANCE, MIN_GALLERY_SHARE
from warehouse.model.vocabulary import LineReason

_CREDIT_EDGES = " |([–—-·"


def split_credits(
    texts: list[str], reasons: list[LineReason | None], features: BlockFeatures
) -> tuple[list[str], list[LineReason | None]]:
    """Return blocks and reasons with the credit of each caption as a block of its own if captions are the story."""
    is_text = np.array([reason is None for reason in reasons])
    is_caption = is_text & (features.columns["to_figcaption"] <= MAX_CAPTION_DISTANCE)
    words = features.words
    if words[is_caption].sum() <= MIN_GALLERY_SHARE * words[is_text].sum():
        return texts, reasons
    parts: list[str] = []
    part_reasons: list[LineReason | None] = []
    for text, reason, may_have_credit in zip(texts, reasons, is_caption.tolist(), strict=True):
        caption = read_caption(text) if may_have_credit else None
        if caption is None or not caption[0]:
            parts.append(text)
            part_reasons.append(reason)
        else:
            parts += (caption[0], text[len(caption[0]) :].strip(_CREDIT_EDGES))
            part_reasons += (None, LineReason.CREDIT)
    return parts, part_reasons
