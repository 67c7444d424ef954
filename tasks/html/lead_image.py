"""A page's lead image: its caption and credit, and the first picture of an article that states none."""

from __future__ import annotations

import re
from itertools import islice
from typing import Final
from urllib.parse import urlsplit

from lxml.html import HtmlElement

from tasks.html.surroundings import is_inside_others
from tasks.metadata.urls import is_logo_url

# A shorter file name may be that of several images.
MIN_FILE_NAME_CHARACTERS: Final = 6
MAX_CAPTION_CHARACTERS: Final = 1_000
MAX_FIGURES: Final = 50

# Of a picture in the text; smaller ones are icons. One of no figure must be wide.
MIN_PIXELS: Final = 100
MIN_WIDE_PIXELS: Final = 400
MAX_DIGITS: Final = 5
MAX_PICTURES: Final = 200
MAX_PORTRAIT_LEVELS: Final = 3

_ADDRESS_ATTRIBUTES: Final = ("data-src", "data-lazy-src", "data-original", "src")
_SOURCE: Final = re.compile(r"(?<![^\s,])([^\s,]\S*[^\s,])(?:\s+(\d{1,6}(?:\.\d{1,3})?)[wx])?")
_PORTRAIT: Final = re.compile(r"avatar|author|byline|profile|portrait|gravatar", re.IGNORECASE)
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


def find_picture(tree: HtmlElement) -> str:
    """Return the address of the first picture in the page's article, empty if there is none.

    It stands in a figure, or is declared to be wide. Scripts fill in the addresses of pictures further down: until then
    these have another attribute, and `src` is a placeholder.
    """
    pictures = (image for image in islice(tree.iter("img"), MAX_PICTURES) if _is_in_article(image))
    return next((address for image in pictures if (address := _address(image)) and not _is_portrait(image)), "")


def _is_in_article(image: HtmlElement) -> bool:
    """Return whether an image of an article is wide or in a figure."""
    is_large = _declared(image, "width") >= MIN_WIDE_PIXELS or next(image.iterancestors("figure"), None) is not None
    return is_large and next(image.iterancestors("article"), None) is not None


def _address(image: HtmlElement) -> str:
    """Return the address of an image or of the widest of its sources; empty if it is small or a placeholder."""
    if any(0 < _declared(image, side) < MIN_PIXELS for side in ("width", "height")):
        return ""
    addresses = [image.get(attribute) or "" for attribute in _ADDRESS_ATTRIBUTES]
    picture = next(image.iterancestors("picture"), None)
    sources = [image, *(picture.iter("source") if picture is not None else ())]
    for source in sources:
        sets = (source.get(attribute) or "" for attribute in ("data-srcset", "srcset"))
        addresses += [match[1] for text in sets for match in sorted(_SOURCE.finditer(text), key=_width, reverse=True)]
    stripped = (address.strip() for address in addresses)
    return next((address for address in stripped if address and not is_placeholder(address)), "")


def is_placeholder(address: str) -> bool:
    """Return whether the address of an image is that of no picture: a logo, a pixel, or data in the page itself."""
    return address.startswith("data:") or is_logo_url(address)


def _is_portrait(image: HtmlElement) -> bool:
    """Return whether an image shows a writer: an element around it is named so."""
    around = (image, *islice(image.iterancestors(), MAX_PORTRAIT_LEVELS))
    return any(_PORTRAIT.search(element.get("class") or "") for element in around) or is_inside_others(image)


def _declared(image: HtmlElement, side: str) -> int:
    """Return a side of an image in pixels, 0 if it is not declared."""
    value = image.get(side) or ""
    return int(value) if value.isascii() and value.isdigit() and len(value) <= MAX_DIGITS else 0


def _width(source: re.Match[str]) -> float:
    return float(source[2] or 0)


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
