"""The formats beside WARC: ARC, WACZ and WET."""

from __future__ import annotations

import gzip
import io
import zipfile
from datetime import UTC, datetime

import pytest

from tests.support.warc_files import HTML, PAGE, http, record, urls


def arc_record(url: str, body: bytes, date: str = "20070301083000", media: str = "text/html") -> bytes:
    return f"{url} 192.0.2.1 {date} {media} {len(body)}\n".encode() + body + b"\n"


def arc_file(*records: bytes) -> list[bytes]:
    version = b"1 0 Crawler\nURL IP-address Archive-date Content-type Archive-length\n"
    return [arc_record("filedesc://x.arc", version, media="text/plain"), *records]


def test_an_arc_file_whose_first_record_states_too_great_a_length_is_read(read_warc):
    content = b"".join(arc_file(arc_record("http://e.example/a", http(PAGE, HTML)))).replace(
        b"plain 68\n", b"plain 80\n\n"
    )
    assert urls(read_warc(content, "old.arc")[0]) == ["http://e.example/a"]


def test_a_line_of_an_arc_file_that_begins_no_record_is_damage(read_warc):
    content = b"".join(
        arc_file(arc_record("http://e.example/a", http(PAGE, HTML)), b"ws/1 192.0.2.1 20070301 text/html 7\n")
    )
    pages, problem = read_warc(content, "old.arc")
    assert urls(pages) == ["http://e.example/a"]
    assert "it is damaged: a line that should begin an ARC record does not" in problem


@pytest.mark.parametrize("pack", [b"".join, lambda records: b"".join(map(gzip.compress, records))])
def test_the_pages_of_an_arc_file_are_documents_of_their_day(read_warc, pack):
    records = arc_file(
        arc_record("dns:e.example", b"e.example. 300 IN A 192.0.2.1", media="text/dns"),
        arc_record("http://e.example/a b", http(PAGE, HTML)),
        arc_record("http://e.example/gone", http(b"", status="HTTP/1.1 404 Not Found")),
        # Version 2 has more fields.
        f"http://e.example/c 192.0.2.1 20070302000000 text/html 200 - - 0 x.arc {len(http(PAGE, HTML))}\n".encode()
        + http(PAGE, HTML),
    )
    pages, problem = read_warc(pack(records), "old.arc.gz")
    assert not problem
    assert urls(pages) == ["http://e.example/a%20b", "http://e.example/c"]
    assert pages[0].fetched_at == datetime(2007, 3, 1, 8, 30, tzinfo=UTC)
    assert pages[0].content == PAGE


def test_an_arc_file_that_is_cut_short_gives_the_pages_before(read_warc):
    records = arc_file(*(arc_record(f"http://e.example/{name}", http(PAGE, HTML)) for name in "abc"))
    pages, problem = read_warc(b"".join(records)[:-50], "old.arc")
    assert urls(pages) == ["http://e.example/a", "http://e.example/b"]
    assert "2 documents before that place were taken" in problem


def wacz(**parts: bytes) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts.items():
            archive.writestr(f"archive/{name.replace('__', '.')}", content)
        archive.writestr("datapackage.json", "{}")
    return packed.getvalue()


def test_the_warc_files_in_a_wacz_are_read_also_of_a_collection(read_warc):
    first = wacz(b__warc__gz=gzip.compress(record("https://e.example/b")), a__warc=record("https://e.example/a"))
    collection = wacz(c__wacz=wacz(d__warc=record("https://e.example/d")), x__warc=record("https://e.example/x"))
    assert [urls(read_warc(content, "site.wacz")[0]) for content in (first, collection)] == [
        ["https://e.example/a", "https://e.example/b"],
        ["https://e.example/d", "https://e.example/x"],
    ]
    pages, problem = read_warc(wacz(), "site.wacz")
    assert not pages
    assert problem.endswith("site.wacz: it is a zip without WARC files")


def test_a_wacz_of_a_folder_is_listed_and_read(read_warc, tmp_path):
    (tmp_path / "crawl").mkdir()
    (tmp_path / "crawl" / "site.wacz").write_bytes(wacz(a__warc=record("https://e.example/a")))
    (tmp_path / "crawl" / "old.arc").write_bytes(b"".join(arc_file(arc_record("http://e.example/o", http(PAGE, HTML)))))
    assert urls(read_warc(None, path="crawl")[0]) == ["http://e.example/o", "https://e.example/a"]


def test_the_pages_of_a_wet_file_are_documents_of_text(read_warc):
    text = b"Es regnete.\n\nDen ganzen Tag lang, sagte der Wirt."
    information = record("", b"Software-Info: x", "warcinfo", media="application/warc-fields")
    texts = [record(f"https://e.example/{name}", text, "conversion", media="text/plain") for name in "ab"]
    pages, _ = read_warc(gzip.compress(information) + b"".join(map(gzip.compress, texts)), "x.warc.wet.gz")
    assert urls(pages) == ["https://e.example/a", "https://e.example/b"]
    assert (pages[0].media_type, pages[0].content) == ("text/plain", text)


def test_a_conversion_beside_its_page_is_no_second_document(read_warc):
    converted = record("https://e.example/a", b"Es regnete.", "conversion", media="text/plain")
    pages, _ = read_warc(record("https://e.example/a") + converted, "a.warc")
    assert [page.media_type for page in pages] == ["text/html"]
