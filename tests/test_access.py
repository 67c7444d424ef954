"""What a source needs to be let in reaches its own site alone, through its proxy, and is shown and kept nowhere."""

from __future__ import annotations

import logging
import ssl
from base64 import b64encode

import pytest
import trustme

from config.errors import ConfigError
from config.settings import load_settings
from config.sources import Source, load_source
from flows.run import run_sources
from flows.site_setup.check import check
from tasks.fetch import request
from tasks.http.access import source_access
from tasks.http.fetcher import Fetcher
from tests.support.polled import page
from tests.support.proxies import Proxy
from tests.support.webserver import WebServer, answer, downloaded, redirect, refused, secured, settings
from warehouse.connect import connect
from warehouse.model.vocabulary import Reason

PAGE = answer(page(1).encode(), content_type="text/html; charset=UTF-8")
COOKIES = "# Netscape HTTP Cookie File\n127.0.0.1\tFALSE\t/\tFALSE\t0\tsession\tSECRETcookie\nother.example\tFALSE\t/\tFALSE\t0\tx\ty\n"
BASIC = b64encode(b"reader:SECRETword").decode()


def source(folder, url, rules, name="lake"):
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{name}.toml"
    path.write_text(
        f'title = "Lake"\nallow_private = true\ndelay = 0\n[[input]]\nkind = "pages"\nurls = ["{url}"]\n[fetch]\n{rules}\n'
    )
    return load_source(path)


def get(source: Source, url: str, **changes):
    with Fetcher(settings(**changes)) as fetcher:
        return fetcher.fetch(request(url, source))


def test_headers_cookies_and_password_come_from_variables_and_files(tmp_path, monkeypatch):
    monkeypatch.setenv("LAKE_KEY", "SECRETkey")
    monkeypatch.setenv("LAKE_WORD", "SECRETword")
    (tmp_path / "cookies.txt").write_text(COOKIES)
    rules = (
        'user_agent = "Lake reader 1.0"\nheaders = { X-Partner = "env:LAKE_KEY" }\ncookies = "file:cookies.txt"\n'
        'username = "reader"\npassword = "env:LAKE_WORD"'
    )
    with WebServer({"/a": PAGE}) as server:
        downloaded(get(source(tmp_path, server.url("/a"), rules), server.url("/a")))
        sent = server.requests[-1].decode()
    assert "user-agent: lake reader 1.0\r\n" in sent.lower()
    assert "X-Partner: SECRETkey\r\n" in sent
    assert f"Authorization: Basic {BASIC}\r\n" in sent
    assert "cookie: session=SECRETcookie\r\n" in sent.lower().replace("secretcookie", "SECRETcookie")


def test_a_source_with_headers_can_be_a_key(tmp_path):
    declared = source(tmp_path, "https://paper.example/a", 'headers = { X-Partner = "key" }')
    assert len({declared, load_source(tmp_path / "lake.toml")}) == 1


def test_a_redirect_to_another_site_gets_none_of_it(tmp_path):
    rules = 'headers = { X-Partner = "SECRETkey" }\ncookies = "session=SECRETcookie"\nusername = "reader"\npassword = "SECRETword"'
    with WebServer({"/b": PAGE}) as other, WebServer({}) as server:
        server.routes["/a"] = redirect(other.url("/b", host="localhost"))
        downloaded(get(source(tmp_path, server.url("/a"), rules), server.url("/a")))
        assert b"SECRETcookie" in server.requests[-1]
        assert other.paths == ["/robots.txt", "/b"]
        assert not any(b"SECRET" in sent or BASIC.encode() in sent for sent in other.requests)


def test_what_is_read_over_https_is_not_sent_in_the_clear(tmp_path):
    access = source_access(source(tmp_path, "https://paper.example/a", 'cookies = "session=SECRETcookie"'))
    import httpx

    assert access.covers(httpx.URL("https://www.paper.example/b"))
    assert not access.covers(httpx.URL("http://www.paper.example/b"))
    assert not access.covers(httpx.URL("https://paper.example.org/b"))


@pytest.mark.parametrize("scheme", ["http", "socks5", "socks5h"])
def test_a_source_is_read_through_its_proxy(tmp_path, scheme):
    with WebServer({"/a": PAGE}) as server, Proxy(scheme) as proxy:
        document = downloaded(get(source(tmp_path, server.url("/a"), f'proxy = "{proxy.url()}"'), server.url("/a")))
        assert document.content == page(1).encode()
        assert server.paths == ["/robots.txt", "/a"]
        assert any(server.url("")[7:].encode() in line for line in proxy.requests)


def test_a_proxy_for_https_sees_the_name_only(tmp_path):
    authority = trustme.CA()
    context = ssl.create_default_context()
    authority.configure_trust(context)
    with WebServer({"/a": PAGE}, secured(authority, "127.0.0.1")) as server, Proxy("http") as proxy:
        url = server.url("/a").replace("http://", "https://")
        declared = source(
            tmp_path, url, f'proxy = "{proxy.url("reader:SECRETword@")}"\ncookies = "session=SECRETcookie"'
        )
        with Fetcher(settings(), ssl_context=context) as fetcher:
            downloaded(fetcher.fetch(request(url, declared)))
        assert proxy.requests
        assert all(sent.startswith(b"CONNECT ") and b"SECRETcookie" not in sent for sent in proxy.requests)
        assert BASIC.encode() in proxy.requests[0]


def test_a_proxy_does_not_reach_what_the_rules_of_addresses_forbid(tmp_path):
    with WebServer({"/a": PAGE}) as server, Proxy("http") as proxy:
        declared = source(tmp_path, server.url("/a"), f'proxy = "{proxy.url()}"').model_copy(
            update={"allow_private": False}
        )
        refusal = refused(get(declared, server.url("/a")))
        assert refusal.reason is Reason.DISALLOWED
        assert "loopback" in refusal.detail
        assert proxy.requests == []


def test_a_proxy_that_refuses_is_named_and_its_password_is_not(tmp_path):
    with Proxy("http", b"407 Proxy Authentication Required") as proxy:
        declared = source(tmp_path, "https://paper.example/a", f'proxy = "{proxy.url("reader:SECRETword@")}"')
        detail = refused(get(declared, "https://paper.example/a", fetch_attempts=1)).detail
    assert "proxy" in detail
    assert "SECRET" not in detail


def test_the_environment_names_a_proxy_only_where_the_settings_say_so(tmp_path, monkeypatch):
    with WebServer({"/a": PAGE}) as server, Proxy("http") as proxy:
        monkeypatch.setenv("http_proxy", proxy.url())
        monkeypatch.delenv("no_proxy", raising=False)
        monkeypatch.delenv("NO_PROXY", raising=False)
        declared = source(tmp_path, server.url("/a"), "")
        downloaded(get(declared, server.url("/a")))
        assert proxy.requests == []
        allowed = load_settings(tmp_path, fetch={"environment_proxy": True}).fetch
        downloaded(get(declared, server.url("/a"), fetch=allowed))
        assert len(proxy.requests) == 2
        monkeypatch.setenv("no_proxy", "127.0.0.1")
        downloaded(get(declared, server.url("/a"), fetch=allowed))
        assert len(proxy.requests) == 2


@pytest.mark.parametrize(
    ("rules", "problem"),
    [
        ('password = "x"', "username and password go together"),
        ('headers = { Host = "x" }', "'Host' is a header that Copydesk sets"),
        ('headers = { "bad name" = "x" }', "'bad name' is not the name of a header"),
        ('cookie = "x"', "unknown key 'fetch.cookie', did you mean 'cookies'?"),
    ],
)
def test_rules_that_cannot_hold_are_told_with_their_key(tmp_path, rules, problem):
    with pytest.raises(ConfigError, match=problem):
        source(tmp_path, "https://paper.example/a", rules)


@pytest.mark.parametrize(
    "rules",
    [
        'username = "reader"\npassword = 987654',
        "headers = { X-Partner = 987654 }",
        "cookies = 987654",
        "proxy = 9876.54",
    ],
)
def test_a_value_of_a_wrong_type_is_not_shown(tmp_path, rules):
    with pytest.raises(ConfigError, match="write a text, in quotation marks") as error:
        source(tmp_path, "https://paper.example/a", rules)
    assert "9876" not in str(error.value)


@pytest.mark.parametrize(
    ("rules", "problem"),
    [
        ('cookies = "env:LAKE_NONE"', "fetch.cookies: the environment has no variable LAKE_NONE; set it"),
        ('cookies = "file:none.txt"', "fetch.cookies: cannot read .*none.txt: no such file or directory"),
        ('proxy = "SECRETproxy"', "fetch.proxy: not the URL of a proxy, such as http://proxy.example:3128"),
        (
            'headers = { X-Partner = "SECRET\\nkey" }',
            "fetch.headers.X-Partner: a header has printable ASCII characters only",
        ),
    ],
)
def test_a_value_that_cannot_be_had_fails_the_source_in_a_sentence(tmp_path, rules, problem):
    declared = source(tmp_path / "config" / "sources", "https://paper.example/a", rules)
    installation = load_settings(data=str(tmp_path / "data"), config=tmp_path / "config", workers=1)
    with pytest.raises(ConfigError, match=problem) as error:
        source_access(declared)
    assert "SECRET" not in str(error.value)
    (result,) = check(installation)
    assert result.error == str(error.value)
    (ran,) = run_sources([declared], installation).results
    assert str(error.value) in ran.problem


def test_no_file_message_or_log_holds_a_secret(tmp_path, monkeypatch, caplog, capfd):
    caplog.set_level(logging.INFO)
    monkeypatch.setenv("LAKE_WORD", "SECRETword")
    (tmp_path / "config" / "sources").mkdir(parents=True)
    (tmp_path / "config" / "sources" / "cookies.txt").write_text(COOKIES)
    rules = 'headers = { X-Partner = "SECRETkey" }\ncookies = "file:cookies.txt"\nusername = "reader"\npassword = "env:LAKE_WORD"\n'
    with WebServer({}) as server, Proxy("http") as proxy:
        set_cookie = b"\r\nSet-Cookie: token=SECRETtoken; Path=/\r\n\r\n"
        server.routes["/a"] = redirect("/b").replace(b"\r\n\r\n", set_cookie, 1)
        server.routes["/b"] = PAGE
        rules += f'proxy = "{proxy.url("reader:SECRETproxy@")}"'
        declared = source(tmp_path / "config" / "sources", server.url("/a"), rules)
        installation = load_settings(data=str(tmp_path / "data"), config=tmp_path / "config", workers=1)
        assert "SECRET" not in repr(declared)
        (result,) = run_sources([declared], installation).results
        assert (result.run.stored, result.problem) == (1, None)
        sent = b"".join(server.requests)
        assert all(secret in sent for secret in (b"SECRETkey", b"SECRETcookie", b"SECRETtoken", BASIC.encode()))
    with connect(installation.data) as warehouse:
        tables = [
            str(warehouse.execute(f"FROM {name}").fetchall()) for name in ("captures", "runs", "polls", "articles")
        ]
    stored = b"".join(path.read_bytes() for path in (tmp_path / "data").rglob("*") if path.is_file())
    output = "".join(capfd.readouterr())
    for secret in ("SECRET", BASIC):
        assert secret.encode() not in stored
        assert secret not in caplog.text + output + "".join(tables)
