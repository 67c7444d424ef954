from __future__ import annotations

from ipaddress import ip_address

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasks.http.address_policy import MAX_URL_CHARACTERS, read_url, special_kind


@pytest.mark.parametrize(
    ("address", "kind"),
    [
        ("127.0.0.1", "loopback"),
        ("127.255.255.254", "loopback"),
        ("0.0.0.0", "local"),  # noqa: S104  an address to refuse
        ("10.1.2.3", "private"),
        ("172.31.255.255", "private"),
        ("192.168.1.1", "private"),
        ("169.254.169.253", "link-local"),
        ("169.254.169.254", "cloud metadata"),
        ("100.100.100.201", "carrier-grade NAT"),
        ("192.0.0.192", "reserved"),
        ("168.63.129.16", "cloud metadata"),
        ("198.18.0.1", "benchmarking"),
        ("203.0.113.9", "documentation"),
        ("224.0.0.251", "multicast"),
        ("255.255.255.255", "reserved"),
        ("::", "local"),
        ("::1", "loopback"),
        ("fd00::1", "private"),
        ("fe80::1", "link-local"),
        ("fe80::1%eth0", "link-local"),
        ("fec0::1", "private"),
        ("ff02::1", "multicast"),
        ("ff0e::1", "multicast"),
        ("2001:db8::1", "documentation"),
        ("2002:808:808::1", "6to4"),
        ("2002:7f00:1::1", "6to4"),
        ("4000::1", "reserved"),
    ],
)
def test_an_address_that_is_not_public_is_named_for_what_it_is(address: str, kind: str) -> None:
    assert special_kind(address) == kind


@pytest.mark.parametrize(
    "carrier",
    ["::ffff:{}", "::ffff:0:{}", "64:ff9b::{}"],
    ids=["mapped", "translated", "nat64"],
)
@pytest.mark.parametrize(("inside", "kind"), [("127.0.0.1", "loopback"), ("10.0.0.1", "private"), ("8.8.8.8", None)])
def test_an_ipv4_address_inside_an_ipv6_one_is_judged_as_itself(carrier: str, inside: str, kind: str | None) -> None:
    assert special_kind(carrier.format(inside)) == kind


@pytest.mark.parametrize("address", ["::127.0.0.1", "64:ff9b:1::7f00:1", "2001:0:4136:e378:8000:63bf:80ff:fffe"])
def test_other_ways_to_hide_an_ipv4_address_are_never_public(address: str) -> None:
    assert special_kind(address)


@pytest.mark.parametrize("address", ["8.8.8.8", "172.32.0.1", "100.128.0.1", "193.0.6.139", "2606:4700::1111"])
def test_a_public_address_is_allowed(address: str) -> None:
    assert special_kind(address) is None


@given(st.ip_addresses())
def test_what_the_standard_library_calls_private_is_never_public(address: object) -> None:
    # Its opinion is a lower bound in every version of Python, but for three networks it has had wrong.
    ip = ip_address(str(address))
    if ip.is_private or ip.is_loopback or ip.is_link_local or ip.is_multicast or ip.is_unspecified:
        carries_public = getattr(ip, "ipv4_mapped", None) and special_kind(str(ip.ipv4_mapped)) is None
        assert special_kind(str(ip)) or carries_public


@pytest.mark.parametrize(
    ("address", "part"),
    [
        ("ftp://news.example/a", "http:// or https://"),
        ("file:///etc/passwd", "http:// or https://"),
        ("javascript:alert(1)", "http:// or https://"),
        ("//news.example/a", "http:// or https://"),
        ("", "http:// or https://"),
        ("http:///a", "no host"),
        ("http://news.example:99999/", "port"),
        ("http://news.example:0/", "port"),
        ("http://news.example/\r\nX-Injected: yes", "not a valid URL"),
        ("http://news.example\r\nX: y/", "not a valid URL"),
        ("http://news.example/\x00", "not a valid URL"),
        ("http://news.example/\ud800", "not a valid URL"),
        ("http://①②⑦.⓪.⓪.①/", "not a valid URL"),
        ("http://[::1/", "not a valid URL"),
        ("http://editor:s3cret@news.example/", "password"),
        ("http://s3cret@news.example/", "password"),
        ("http://127.0.0.1\\@news.example/", "password"),
        ("http://news.example/" + "a" * MAX_URL_CHARACTERS, "characters"),
        ("http://xn--s3cret-.example/", "not a valid URL"),
    ],
)
def test_a_url_is_refused_in_one_sentence_that_does_not_repeat_it(address: str, part: str) -> None:
    refusal = read_url(address)
    assert isinstance(refusal, str)
    assert part in refusal
    assert "s3cret" not in refusal
    assert "\n" not in refusal


def test_a_redirect_is_read_relative_to_where_it_was_found() -> None:
    base = httpx.URL("https://news.example/politics/a?x=1")
    assert str(read_url("../b#comments", base)) == "https://news.example/b"
    assert str(read_url("//other.example/c", base)) == "https://other.example/c"


def test_a_url_in_any_script_becomes_what_a_server_is_asked_for() -> None:
    url = read_url(" http://münchen.example/straße?q=ö#top ")
    assert str(url) == "http://xn--mnchen-3ya.example/stra%C3%9Fe?q=%C3%B6"


@given(st.text() | st.from_regex(r"https?://[^/]*/.*"))
def test_no_text_whatever_breaks_the_reading_of_a_url(address: str) -> None:
    url = read_url(address)
    if isinstance(url, httpx.URL):
        assert url.raw_path.isascii()
        assert not any(byte <= 32 or byte == 127 for byte in url.raw_path + url.netloc)
