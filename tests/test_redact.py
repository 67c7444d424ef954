"""A password in an address reaches no message, no reject, no address that is kept, and no header of the archive."""

from __future__ import annotations

import json
import time

import pytest
from hypothesis import given
from hypothesis import settings as examples
from hypothesis import strategies as st

from config.errors import ConfigError
from config.redact import redact
from config.sources import load_source
from tasks.discover import discover
from tasks.listings.input_reader import InputError, ReadContext
from tests.support.webserver import WebServer, answer, fetch
from warehouse.model.records import Fetched

HOSTS = st.sampled_from(["x.example", "x.example:8080", "[::1]", "127.0.0.1:1"])
SCHEMES = st.sampled_from(["http://", "https://", "HTTP://", "ftp://", "//", "http:/", "https:\\\\", ""])
USERS = st.from_regex(r"[a-z][a-z0-9.+-]{0,8}", fullmatch=True)


def secrets(*excluded: str) -> st.SearchStrategy[str]:
    """Passwords with marks at both ends, which no other text holds."""
    characters = st.characters(codec="utf-8", exclude_characters=excluded)
    return st.text(characters).map(lambda inner: f"S3Q{inner}Q3S")


NO_SPACES = secrets(*filter(str.isspace, map(chr, range(0x3001))), *"/?#")


def has_secret(text: str) -> bool:
    return "S3Q" in text or "Q3S" in text


@given(
    SCHEMES, USERS, NO_SPACES, HOSTS, st.sampled_from(["", "/", "/rss.xml?a=b", "/@me", "/a b"]), st.text(max_size=30)
)
@examples(max_examples=500)
def test_no_password_of_an_address_is_left_in_a_text(scheme, user, secret, host, path, before):
    text = f"{before} {scheme}{user}:{secret}@{host}{path}"
    assert not has_secret(redact(text))
    assert not has_secret(redact(f"line 3 is {text}; see https://other.example/@us and me@other.example"))
    assert not has_secret(redact(repr(text)))
    assert redact(text).endswith(f"{host}{path}")
    assert redact(redact(text)) == redact(text)


@given(st.sampled_from(["http://", "//"]), USERS, secrets("@"), HOSTS)
@examples(max_examples=300)
def test_no_password_with_slashes_or_spaces_is_left_either(scheme, user, secret, host):
    assert not has_secret(redact(f"{scheme}{user}:{secret}@{host}/a"))


@pytest.mark.parametrize(
    "text",
    [
        "https://x.example/@user/post-1",
        "https://x.example:8080/@user",
        "write to desk@x.example",
        "file:///home/me@work/a.txt: no such file",
        "https://x.example/?to=a@b.example",
        "two: http://[::1]/@a and http://y.example/b@c",
        "@",
    ],
)
def test_what_holds_no_password_stays_as_it_is(text):
    assert redact(text) == text


@pytest.mark.parametrize("text", ["//@", "@", "a:@", "//a:", " a", "//a:b@", "http://a "])
def test_time_grows_with_the_length_of_a_text(text):
    def seconds(times: int) -> float:
        began = time.process_time()
        redact(text * times + "@")
        return time.process_time() - began

    seconds(1_000)
    assert seconds(80_000) < 40 * max(seconds(8_000), 0.001)


ADDRESS = "https://user:S3QpwQ3S@x.example/rss.xml"


@pytest.mark.parametrize(
    "table",
    [
        f'kind = "feed"\nurl = "{ADDRESS}"',
        f'kind = "{ADDRESS}"',
        f'kind = "feed"\nurl = "https://x.example/"\n"{ADDRESS}" = 1',
        f'kind = "pages"\nurls = ["{ADDRESS}"]',
        f'kind = "pages"\nurl = "{ADDRESS}"\nlinks = "a"',
        f'kind = "feed"\nurl = "https://x.example/"\npages = "{ADDRESS}"',
    ],
)
def test_a_refused_file_is_told_without_its_passwords(tmp_path, table):
    path = tmp_path / "paper.toml"
    path.write_text(f'title = "Paper"\n[[input]]\n{table}\n')
    with pytest.raises(ConfigError) as refused:
        load_source(path)
    assert not has_secret(str(refused.value))
    assert "x.example" in str(refused.value)


def test_a_refused_address_says_that_it_has_a_password(tmp_path):
    path = tmp_path / "paper.toml"
    path.write_text(f'title = "Paper"\n[[input]]\nkind = "feed"\nurl = "{ADDRESS}"\n')
    with pytest.raises(ConfigError) as refused:
        load_source(path)
    assert str(refused.value) == (
        f"{path}: key 'input.1.url': an address without user and password is wanted; "
        "write username and password into [fetch] (given: 'https://…@x.example/rss.xml')"
    )


@given(st.lists(st.tuples(SCHEMES, USERS, NO_SPACES, HOSTS), min_size=1, max_size=5))
@examples(max_examples=100)
def test_no_line_of_a_list_of_pages_brings_its_password_into_a_reject(tmp_path_factory, context, lines):
    folder = tmp_path_factory.mktemp("lines")
    text = "\n".join(f"{scheme}{user}:{secret}@{host}/{'long' * 40}" for scheme, user, secret, host in lines)
    (folder / "list.txt").write_text(text, "utf-8")
    (folder / "paper.toml").write_text('title = "P"\n[[input]]\nkind = "pages"\npath = "list.txt"\n')
    source = load_source(folder / "paper.toml")
    documents = list(discover(source, source.input[0], context))
    assert documents
    assert not has_secret(repr(documents))


@pytest.fixture(scope="module")
def context():
    from conftest import NOW

    from config.settings import Settings

    return ReadContext(Settings(), NOW)


def test_a_record_is_known_by_its_address_without_the_password(tmp_path, context):
    (tmp_path / "wire.jsonl").write_text(json.dumps({"url": ADDRESS, "text": "x"}) + "\n")
    (tmp_path / "wire.toml").write_text('title = "W"\n[[input]]\nkind = "jsonl"\npath = "wire.jsonl"\n')
    source = load_source(tmp_path / "wire.toml")
    (document,) = discover(source, source.input[0], context)
    assert isinstance(document, Fetched)
    assert (document.item.url, document.item.guid) == ("https://x.example/rss.xml",) * 2


def test_a_list_of_warc_files_is_told_without_its_passwords(tmp_path, context):
    (tmp_path / "list.paths").write_text("https://user:S3QpwQ3S@127.0.0.1:1/a.warc.gz\nmissing.warc\n")
    (tmp_path / "crawl.toml").write_text('title = "W"\n[[input]]\nkind = "warc"\npath = "list.paths"\n')
    source = load_source(tmp_path / "crawl.toml")
    with pytest.raises(InputError) as wrong:
        list(discover(source, source.input[0], context))
    assert not has_secret(str(wrong.value))
    assert "https://…@127.0.0.1:1/a.warc.gz" in str(wrong.value)


@pytest.mark.parametrize("length", [10, 7_900, 9_000])
def test_no_header_brings_a_password_into_the_archive(length):
    long = "/".join(["https://x.example/" + "x" * length, ADDRESS])
    headers = {"location": f"http://user:S3Q{'p' * length}@x.example/", "link": f"<{ADDRESS}>; rel=next", "x_odd": long}
    with WebServer({"/a": answer(status="302 Found", **headers)}) as server:
        outcome = fetch(server.url("/a"))
    assert outcome.exchanges[-1].status == 302
    assert not has_secret(repr(outcome))
