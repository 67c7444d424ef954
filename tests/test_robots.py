from __future__ import annotations

import time

import pytest

from tasks.http import robots

PAGE = "https://news.example/politics/vote"


@pytest.mark.parametrize(
    ("text", "allowed"),
    [
        ("", True),
        ("User-agent: *\nDisallow:", True),
        ("User-agent: *\nDisallow: /", False),
        ("User-agent: *\nDisallow: /politics/\nAllow: /politics/vote", True),
        ("User-agent: *\nDisallow: /\n\nUser-agent: Copydesk\nDisallow: /sport/", True),
        ("User-agent: *\nAllow: /\n\nUser-agent: copydesk # us\nDisallow: /", False),
        ("User-agent: Otherbot\nUser-agent: Copydesk\nDisallow: /", False),
        ("User-agent: Otherbot\nDisallow: /", True),
        ("User-agent: desk\nDisallow: /", True),
        ("User-agent: copy\nDisallow: /", True),
        ("\ufeffUser-agent: *\r\nDisallow: /*vote$", False),
        ("user-agent:*\rdisallow:/politics", False),
        ("<html><body>Not found</body></html>", True),
        ("\x00\xff\ufffd: /", True),
    ],
)
def test_rules_are_those_for_our_name_or_else_for_everybody(text: str, allowed: bool) -> None:
    assert robots.read_rules(text.encode()).allows(PAGE) is allowed


def test_only_the_first_500_kib_count_and_half_a_line_does_not() -> None:
    half = b"\nDisallow: /"
    start = b"User-agent: *\nDisallow: /sport/\n"
    cut = start + b"#" * (robots.MAX_BYTES - len(start) - len(half)) + half
    assert robots.read_rules(cut).allows(PAGE)
    assert not robots.read_rules(cut).allows("https://news.example/sport/a")
    assert not robots.read_rules(cut[:100] + half).allows(PAGE)


@pytest.mark.parametrize(
    "text",
    [
        "".join(f"User-agent: bot{number}\n" for number in range(15_000)) + "Disallow: /a\n" * 18_000,
        "".join(f"User-agent: Copydesk{number}\r" for number in range(15_000)) + "Disallow: /a\r" * 10_000,
        "User-agent: *\n" + "Disallow: /" + "*a" * 240_000 + "\n",
        "User-agent: *\n" + "Disallow: /*p*o*l*i*t*i*c*s*b$\n" * 15_000,
    ],
    ids=["many crawlers, many rules", "many near our name", "one rule of wildcards", "many rules of wildcards"],
)
def test_a_hostile_file_is_read_in_seconds(text: str) -> None:
    started = time.process_time()
    rules = robots.read_rules(text.encode()[: robots.MAX_BYTES])
    rules.allows(PAGE + "/" + "politics" * 900)
    assert time.process_time() - started < 5
