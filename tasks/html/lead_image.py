"""The caption and credit printed under a page's lead image."""

from __future__ import annotations

import re
from typing import Final
from urllib.parse import urlsplit

from lxml.html import HtmlElement

SHORTEST_NAME: Final = 6
"""Letters of a file's name that can tell one image from another."""

_CREDIT: Final = re.compile(r"credit|copyright|photographer|source|bildquelle|fotograf|agency", re.IGNORECASE)
_LONGEST: Final = 1_000
_MOST_FIGURES: Final = 50


def read_lead_image(tree: HtmlElement, addresses: list[str]) -> dict[str, tuple[str, ...]]:
    """`image_caption` and `image_credit` of the figure that shows one of `addresses`; empty where none surely does."""
    leads = {name for address in addresses if (name := _file_name(address))}
    for number, figure in enumerate(tree.iter("figure")):
        if number >= _MOST_FIGURES or not leads:
            break
        caption = next(figure.iter("figcaption"), None)
        if caption is not None and leads & _shown(figure):
            return _read(caption)
    return {}


def _shown(figure: HtmlElement) -> set[str]:
    addresses = [
        address.split()[0]
        for image in figure.iter("img", "source")
        for key in ("src", "data-src", "srcset", "data-srcset")
        for address in (image.get(key) or "").split(", ")
        if address.strip()
    ]
    return {_file_name(address) for address in addresses}


def _file_name(address: str) -> str:
    """The last part of an address without its suffix; empty where that is too short to name one image."""
    try:
        name = urlsplit(address).path.rstrip("/").rpartition("/")[2]
    except ValueError:
        return ""
    stem = name.rpartition(".")[0] or name
    return stem if len(stem) >= SHORTEST_NAME else ""


def _read(caption: HtmlElement) -> dict[str, tuple[str, ...]]:
    parts = (part for part in caption.iter() if part is not caption)
    credit = next((part for part in parts if _CREDIT.search(part.get("class") or "")), None)
    credited = _text(credit) if credit is not None else ""
    printed = _text(caption)
    if credited and printed.endswith(credited):
        printed = printed.removesuffix(credited).rstrip(" |/–-—(")
    found = {"image_caption": printed, "image_credit": credited}
    return {field: (value,) for field, value in found.items() if value}


def _text(element: HtmlElement) -> str:
    return " ".join("".join(element.itertext()).split())[:_LONGEST]
