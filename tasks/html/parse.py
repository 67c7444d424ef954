"""The parser for HTML pages that anybody may have written."""

from __future__ import annotations

from typing import Final

from lxml import etree
from lxml.html import HtmlElement, HTMLParser, document_fromstring

from tasks.html.tag_attributes import bound_attributes, has_bounded_attributes
from tasks.text.xml_characters import encode_unless_mended, mend_characters

# Without scripts; a page with less text is an empty frame for its scripts.
MIN_PAGE_CHARACTERS: Final = 400
_UNSEEN_TAGS: Final = ("head", "script", "style", "template", "svg")


def visible_text(tree: HtmlElement) -> str:
    """Return the text of a tree that readers may see, in a line; what they do not see is taken out of the tree."""
    etree.strip_elements(tree, *_UNSEEN_TAGS, with_tail=False)
    return " ".join(" ".join(tree.itertext()).split())


def needs_scripts(tree: HtmlElement) -> bool:
    """Return whether a page has scripts, and nearly no text before they run; takes what is not seen out of the tree."""
    has_scripts = next(tree.iter("script"), None) is not None
    # What stands for readers without scripts counts: it is short, or the article itself.
    return has_scripts and len(visible_text(tree)) < MIN_PAGE_CHARACTERS


def parse_html(text: str) -> HtmlElement | None:
    """Parse untrusted HTML without comments, network access or huge trees; return None if there is no element."""
    parser = HTMLParser(encoding="utf-8", remove_comments=True, remove_pis=True, no_network=True, huge_tree=False)
    # lxml.html looks up the class of each element in Python, to tell forms and fields apart: a tenth of each search.
    parser.set_element_class_lookup(etree.ElementDefaultClassLookup(element=HtmlElement))
    try:
        content = encode_unless_mended(text) if has_bounded_attributes(text) else None
        if content is None:
            content = bound_attributes(mend_characters(text)).encode()
        return document_fromstring(content, parser=parser)
    except (etree.LxmlError, ValueError):
        return None
