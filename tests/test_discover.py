"""Discovery names documents; what it cannot list it says, and lists the rest."""

from __future__ import annotations

import gzip
import json

import pytest

from config.sources import load_source
from tasks.discover import count_documents, discover, endpoint
from tasks.fetch import fetch_each
from tasks.listings.input_reader import InputError, ReadContext
from warehouse.model.records import Fetched, Item, Rejection
from warehouse.model.vocabulary import Reason


def listed(source, settings, now):
    return list(discover(source, source.input[0], ReadContext(settings, now)))


def test_a_folder_gives_its_documents_in_one_order_and_nothing_else(tmp_path, folder_source, settings, now):
    pages = tmp_path / "pages"
    (pages / "2026").mkdir()
    (pages / ".git").mkdir()
    for name in (
        "b.txt",
        "a.HTML",
        "c.html.gz",
        "d.md",
        "2026/e.htm",
        "photo.jpg",
        ".hidden.txt",
        "notes",
        ".git/f.txt",
    ):
        (pages / name).write_text("x")
    items = listed(folder_source, settings, now)
    guids = [f"../../pages/{name}" for name in ("2026/e.htm", "a.HTML", "b.txt", "c.html.gz", "d.md")]
    assert [item.guid for item in items] == guids
    assert items[2] == Item(
        "paper", (pages / "b.txt").as_uri(), guids[2], endpoint(folder_source, folder_source.input[0]), now
    )
    assert count_documents(folder_source) == 5


def test_names_with_spaces_and_other_scripts_make_addresses(tmp_path, folder_source, settings, now):
    (tmp_path / "pages" / "été 100%#1.txt").write_text("x")
    (item,) = listed(folder_source, settings, now)
    assert item.url.endswith("/%C3%A9t%C3%A9%20100%25%231.txt")
    assert item.guid == "../../pages/été 100%#1.txt"


def test_a_missing_folder_is_named_with_the_key_to_correct(tmp_path, folder_source, settings, now):
    (tmp_path / "pages").rmdir()
    with pytest.raises(InputError, match=r"pages: no such folder; correct `path` in paper.toml"):
        listed(folder_source, settings, now)


@pytest.fixture
def linked(tmp_path):
    """Make a folder with a file, a link to it, and links that lead to other files of the machine."""
    pages, elsewhere = tmp_path / "pages", tmp_path / "elsewhere"
    pages.mkdir(exist_ok=True)
    elsewhere.mkdir()
    (elsewhere / "secret.txt").write_text("root:x:0:0")
    (pages / "a.txt").write_text("x")
    (pages / "away.txt").symlink_to(elsewhere / "secret.txt")
    (pages / "inside.txt").symlink_to("a.txt")
    (pages / "relative.txt").symlink_to("../elsewhere/secret.txt")
    (pages / "section").symlink_to(elsewhere, target_is_directory=True)
    (pages / "twice.txt").symlink_to("away.txt")
    return pages


def read_all(source, settings, now):
    return {
        item.url.rpartition("/pages/")[2]: read
        for item, read in fetch_each(listed(source, settings, now), source, settings, None, lambda: now)
    }


@pytest.mark.parametrize("glob", ["**/*", "*/*.txt"])
def test_links_that_lead_out_of_a_folder_are_refused_with_a_cure(folder_source, linked, settings, now, glob):
    entry = folder_source.input[0].model_copy(update={"glob": glob})
    reads = read_all(folder_source.model_copy(update={"input": (entry,)}), settings, now)
    refused = {name: read for name, read in reads.items() if isinstance(read, Rejection)}
    assert {name for name in reads if name not in refused} == ({"a.txt", "inside.txt"} if glob == "**/*" else set())
    assert len(refused) == (3 if glob == "**/*" else 1)
    for name, read in refused.items():
        assert read.reason is Reason.UNREADABLE
        assert read.detail == (
            f"{linked / name}: a link to what lies outside the folder; "
            "leave it out, or set follow_links = true to take it"
        )


def test_links_that_lead_out_of_a_folder_are_followed_where_the_source_says_so(folder_source, linked, settings, now):
    entry = folder_source.input[0].model_copy(update={"follow_links": True})
    reads = read_all(folder_source.model_copy(update={"input": (entry,)}), settings, now)
    assert {name: read.content for name, read in reads.items()} == {
        "a.txt": b"x",
        "away.txt": b"root:x:0:0",
        "inside.txt": b"x",
        "relative.txt": b"root:x:0:0",
        "twice.txt": b"root:x:0:0",
    }


def test_a_folder_that_is_a_link_itself_is_taken_for_what_it_leads_to(linked, tmp_path, settings, now):
    (tmp_path / "current").symlink_to(linked, target_is_directory=True)
    toml = tmp_path / "config" / "sources" / "paper.toml"
    toml.parent.mkdir(parents=True)
    toml.write_text('title = "Paper"\n[[input]]\nkind = "folder"\npath = "../../current"\nglob = "[ai]*.txt"\n')
    reads = read_all(load_source(toml), settings, now)
    assert [isinstance(read, Fetched) for read in reads.values()] == [True, False, True]


def records(source, settings, now):
    """Return the items of records, which come with their bytes."""
    return [document.item if isinstance(document, Fetched) else document for document in listed(source, settings, now)]


def jsonl_source(tmp_path, content: bytes, fields: str = ""):
    (tmp_path / "wire.jsonl").write_bytes(content)
    path = tmp_path / "wire.toml"
    path.write_text(f'title = "Wire"\n[[input]]\nkind = "jsonl"\npath = "wire.jsonl"\nfields = {{{fields}}}\n')
    return load_source(path)


def test_records_are_addressed_by_url_then_id_then_digest(tmp_path, settings, now):
    lines = [{"url": "https://a.example/1", "id": 7}, {"id": "k 8"}, {"text": "no name"}]
    source = jsonl_source(tmp_path, "\n".join(map(json.dumps, lines)).encode())
    first, second, third = records(source, settings, now)
    file = (tmp_path / "wire.jsonl").as_uri()
    assert (first.url, first.guid) == ("https://a.example/1", "wire.jsonl#7")
    assert (second.url, second.guid) == (f"{file}#id=k%208", "wire.jsonl#k 8")
    assert third.url.startswith(f"{file}#sha256=")
    assert third.guid == third.url
    assert listed(source, settings, now)[0].content == json.dumps(lines[0]).encode() + b"\n"
    assert first.is_record


def test_an_inserted_line_leaves_the_others_addresses_alone(tmp_path, settings, now):
    before = {
        item.url for item in records(jsonl_source(tmp_path, b'{"text": "one"}\n{"text": "two"}\n'), settings, now)
    }
    after = {
        item.url
        for item in records(
            jsonl_source(tmp_path, b'{"text": "new"}\n{"text": "one"}\n{"text": "two"}\n'), settings, now
        )
    }
    assert before < after


def test_a_broken_line_is_a_document_too_so_that_it_is_archived_and_counted(tmp_path, settings, now):
    broken, good = listed(jsonl_source(tmp_path, b'{"text": \n{"id": 1}\n'), settings, now)
    assert broken.content == b'{"text": \n'
    assert good.item.guid == "wire.jsonl#1"


def test_a_line_over_the_limit_is_refused_by_its_number_without_being_held(tmp_path, settings, now):
    long = b'{"text": "' + b"x" * 200_000 + b'"}\n'
    refused, good = listed(jsonl_source(tmp_path, long + b'{"id": 2}\n'), settings, now)
    assert isinstance(refused, Rejection)
    assert (refused.reason, refused.url) == (Reason.TOO_LARGE, (tmp_path / "wire.jsonl").as_uri() + "#line=1")
    assert good.item.guid == "wire.jsonl#2"


def test_a_gzipped_file_reads_the_same(tmp_path, settings, now):
    (item,) = records(jsonl_source(tmp_path, gzip.compress(b'{"id": 3}\n')), settings, now)
    assert item.guid == "wire.jsonl#3"


def test_a_torn_gzip_gives_what_is_whole_and_says_so(tmp_path, settings, now):
    whole = gzip.compress(b"".join(b'{"id": %d, "text": "%d"}\n' % (n, n * 7919) for n in range(5000)))
    source = jsonl_source(tmp_path, whole[: len(whole) // 2])
    documents = []

    lines = discover(source, source.input[0], ReadContext(settings, now))
    with pytest.raises(InputError, match=r"wire.jsonl: cannot be read"):
        documents.extend(lines)
    assert 2_000 < len(documents) < 5_000
    assert documents[2_000].item.guid == "wire.jsonl#2000"


@pytest.mark.parametrize(
    "line",
    ['{"url": "https://a.example/\\ud800", "text": "x"}', '{"id": "\\ud800"}', '{"url": ' + "[" * 900 + "]" * 900 + "}",
     '{"id": {"a": 1}}', '{"url": "https://a.example/' + "x" * 5_000 + '"}'],
    ids=["surrogate in the address", "surrogate in the id", "deep list", "object", "endless address"],
)  # fmt: skip
def test_a_record_of_odd_names_is_a_document_like_others(tmp_path, settings, now, line):
    (item,) = records(jsonl_source(tmp_path, line.encode() + b"\n"), settings, now)
    assert len(item.url.encode("utf-8")) < 2_500
    assert item.guid.encode("utf-8")


def test_a_missing_file_is_named(tmp_path, settings, now):
    source = jsonl_source(tmp_path, b"")
    (tmp_path / "wire.jsonl").unlink()
    with pytest.raises(InputError, match=r"wire.jsonl: cannot be read: no such file"):
        listed(source, settings, now)


@pytest.fixture
def address_list(tmp_path, settings, now):
    """Read a list with this content; return its addresses, and the problems of its other lines."""

    def read_list(content: bytes) -> tuple[list[str], list[str]]:
        (tmp_path / "urls.txt").write_bytes(content)
        path = tmp_path / "list.toml"
        path.write_text('title = "List"\n[[input]]\nkind = "pages"\npath = "urls.txt"\n')
        documents = listed(load_source(path), settings, now)
        urls = [document.url for document in documents if isinstance(document, Item)]
        return urls, [document.detail for document in documents if isinstance(document, Rejection)]

    return read_list


@pytest.mark.parametrize("charset", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "cp1252"])
@pytest.mark.parametrize("pack", [bytes, gzip.compress])
def test_a_list_of_addresses_is_read_in_the_charset_it_was_saved_in(address_list, charset, pack):
    text = "# Günther's list, für später\r\nhttps://news.example/1\r\nhttps://news.example/straße\r\n"
    assert address_list(pack(text.encode(charset))) == (["https://news.example/1", "https://news.example/straße"], [])


def test_a_list_that_is_no_text_is_told_once(address_list):
    with pytest.raises(InputError, match=r"urls.txt: it is no list of addresses: The document is a PDF, not text"):
        address_list(b"%PDF-1.7\n" + b"\0" * 50)


def test_an_empty_list_names_nothing(address_list):
    assert address_list(b"\r\n") == address_list(b"") == ([], [])
