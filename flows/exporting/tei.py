"""Articles as TEI documents, written by trafilatura."""

from __future__ import annotations

from lxml import etree
from trafilatura.settings import Document
from trafilatura.xml import build_tei_output

from flows.exporting.values import Row, domain_of, published_text
from tasks.text.xml_characters import mend_characters


def tei_document(row: Row) -> bytes:
    """Return the TEI document of an article, as UTF-8."""
    body, comments = etree.Element("body"), etree.Element("body")
    for paragraph in filter(None, row["text"].split("\n\n")):
        etree.SubElement(body, "p").text = mend_characters(paragraph)
    document = Document()
    document.body, document.commentsbody = body, comments
    document.id, document.fingerprint = row["article_id"], row["version_id"]
    document.title, document.author = _clean(row["title"]), _clean("; ".join(row["authors"]))
    document.url, document.hostname = _clean(row["url"]), domain_of(row) or row["source_id"]
    document.sitename = row["source_id"]
    document.description, document.license = _clean(row["description"]), _clean(row["license"])
    document.date, document.filedate = published_text(row), f"{row['fetched_at']:%Y-%m-%d}"
    document.categories = [mend_characters(row["section"])] if row["section"] else []
    document.tags = [mend_characters(tag) for tag in row["tags"]]
    content: bytes = etree.tostring(build_tei_output(document), encoding="utf-8", xml_declaration=True)
    return content


def _clean(value: str | None) -> str | None:
    return mend_characters(value) if value else None
