"""The caption and credit below a page's lead image."""

from __future__ import annotations

import re
from typing import Final
from urllib.parse import urlsplit

from lxml.html import HtmlElement

# A shorter file name may be that of several images.
MIN_FILE_NAME_CHARACTERS: Final = 6
MAX_CAPTION_CHARACTERS: Final = 1_000
MAX_FIGURES: Final = 50

_CREDIT: Final = re.compile(r"credit|copyright|photographer|source|bildquelle|fotograf|agency", re.IGNORECASE)


def read_lead_image(tree: HtmlElement, urls: list[str]) -> dict[str, tuple[str, ...]]:
    """Return `image_caption` and `image_credit` of the figure that shows one of the images `urls`, if any."""
    lead_names = {name for url in urls if (name := _file_name(url))}
    for number, figure in enumerate(tree.iter("figure")):
        if number >= MAX_FIGURES or not lead_names:
            break
        caption = next(figure.iter("figcaption"), None)
        if caption is not None and lead_names & _image_names(figure):
            return _read_caption(caption)
    return {}


def _image_names(figure: HtmlElement) -> set[str]:
    urls = [
        url.split()[0]
        for image in figure.iter("img", "source")
        for attribute in ("src", "data-src", "srcset", "data-srcset")
        for url in (image.get(attribute) or "").split(", ")
        if url.strip()
    ]
    return {_file_name(url) for url in urls}


def _file_name(url: str) -> str:
    """Return the last part of a URL's path without its suffix; empty if it is too short to identify an image."""
    try:
        name = urlsplit(url).path.rstrip("/").rpartition("/")[2]
    except ValueError:
        return ""
    stem = name.rpartition(".")[0] or name
    return stem if len(stem) >= MIN_FILE_NAME_CHARACTERS else ""


def _read_caption(caption: HtmlElement) -> dict[str, tuple[str, ...]]:
    descendants = (element for element in caption.iter() if element is not caption)
    credit_element = next((element for element in descendants if _CREDIT.search(element.get("class") or "")), None)
    credit = _text(credit_element) if credit_element is not None else ""
    text = _text(caption)
    if credit and text.endswith(credit):
        text = text.removesuffix(credit).rstrip(" |/–-—(")
    fields = {"image_caption": text, "image_credit": credit}
    return {field: (value,) for field, value in fields.items() if value}


def _text(element: HtmlElement) -> str:
    return " ".join("".join(element.itertext()).split())[:MAX_CAPTION_CHARACTERS]
