from __future__ import annotations

import os
import signal
import time
from pathlib import Path

import pytest

from tasks.http import robots
from tests.support.commands import start
from tests.support.nursery import Child
from tests.support.waiting import wait_for
from tests.support.webserver import WebServer, answer, drip

PROJECT = Path(__file__).resolve().parent.parent
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


BLANKS = b"User-agent: *\n" + b" " * (robots.MAX_BYTES - 100) + b"\nDisallow: /private/\n"


@pytest.mark.parametrize("blank", [" ", "\t", "\x0b", "\u3000"])
@pytest.mark.parametrize("before", ["", "x", "User-agent", "User-agent: "])
def test_a_long_run_of_blanks_is_read_at_once(blank: str, before: str) -> None:
    text = f"User-agent: *\n{before}{blank * (400_000 // len(blank.encode()))}\x00\nDisallow: /politics/"
    started = time.process_time()
    assert not robots.read_rules(text.encode()).allows(PAGE)
    assert time.process_time() - started < 2


def story(number: int) -> bytes:
    text = f"The {number} boats of the village came home late, and each had caught {number} baskets of fish. "
    return answer(f"<html><h1>Story number {number}</h1><p>{text * 4}</p>".encode(), content_type="text/html")


def site(rules: bytes) -> WebServer:
    return WebServer({"/robots.txt": answer(rules, content_type="text/plain"), "/1": story(1), "/2": story(2)})


def run(folder: Path, **sites: WebServer) -> Child:
    """`copydesk run` over a source a site, each of which lists two pages."""
    sources = folder / "config" / "sources"
    sources.mkdir(parents=True)
    for name, server in sites.items():
        (folder / f"{name}.txt").write_text(f"{server.url('/1')}\n{server.url('/2')}\n")
        (sources / f"{name}.toml").write_text(
            f'title = "{name}"\ndelay = 0\nallow_private = true\n[[input]]\nkind = "pages"\npath = "../../{name}.txt"\n'
        )
    return start("run", "--config", folder / "config", "--data", folder / "data")


@pytest.mark.slow
def test_a_hostile_robots_txt_holds_up_no_source(tmp_path: Path) -> None:
    with site(BLANKS) as hostile, site(b"User-agent: *\nDisallow: /2\n") as harmless:
        ended = run(tmp_path, hostile=hostile, harmless=harmless).wait(150)
    assert ended.returncode == 0, ended.stderr
    assert sorted(hostile.paths) == ["/1", "/2", "/robots.txt"]
    assert sorted(harmless.paths) == ["/1", "/robots.txt"]


@pytest.mark.slow
def test_a_run_that_reads_a_hostile_robots_txt_is_interrupted_at_once(tmp_path: Path) -> None:
    with site(BLANKS) as hostile:
        hostile.routes["/1"] = hostile.routes["/2"] = drip(b"HTTP/1.1 200 OK\r\n", b"x: y\r\n", 1)
        interrupted = run(tmp_path, hostile=hostile)
        wait_for(lambda: "/robots.txt" in hostile.paths, 60, "its rules are asked for")
        time.sleep(1)
        os.kill(interrupted.pid, signal.SIGINT)
        ended = interrupted.wait(60)
    assert ended.returncode == 130, ended.stderr
