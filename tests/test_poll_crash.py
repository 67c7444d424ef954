"""A feed that rolls on while its reader is killed again and again: what it ever named is landed, once."""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import count
from pathlib import Path

import pytest

from tests.support.commands import killed_at
from tests.support.polled import FEED, Site
from tests.support.query import EVERY
from tests.support.small_batches import copydesk, environment
from tests.support.webserver import answer
from warehouse.connect import connect
from warehouse.verify import verify

WINDOW = 4
STEP = 23


@pytest.mark.slow
def test_killed_at_any_file_operation_while_a_feed_rolls_on_every_article_is_landed_once(tmp_path, now):
    site = Site(now)
    with site.server:
        site.routes["/robots.txt"] = answer(f"Sitemap: {site.server.url('/news-sitemap.xml')}\n".encode())
        sources = tmp_path / "config" / "sources"
        sources.mkdir(parents=True)
        (sources / "lake.toml").write_text(
            'title = "Lake News"\nlanguage = "en"\nallow_private = true\ndelay = 0\n'
            f'[[input]]\nkind = "feed"\nurl = "{site.server.url("/feed")}"\n'
        )
        root = str(tmp_path / "data")
        arguments = ["run", "--config", str(tmp_path / "config"), "--data", root]

        def roll(times: int) -> int:
            newest = times * WINDOW
            for number in range(newest):
                site.moments.setdefault(number, datetime.now(UTC))
            site.publish(*range(newest))
            site.feed(*range(newest - WINDOW, newest))
            site.sitemap(*range(newest))
            return newest

        roll(1)
        assert copydesk(arguments).returncode == 0
        killed = 0
        for moment in count(3, STEP):
            # Every entry of the look before has left the feed by now.
            published = roll(killed + 2)
            if not killed_at(moment, root, arguments, environment()):
                break
            killed += 1
        assert killed >= 4
        assert copydesk(arguments).returncode == 0
    with connect(root) as warehouse:
        landed = warehouse.execute("SELECT url FROM articles ORDER BY ALL").fetchall()
    assert landed == sorted((site.server.url(f"/news/{number}"),) for number in range(published))
    findings = verify(root)
    assert not findings.findings, findings


def test_a_feed_s_addresses_come_back_from_its_archived_looks(site, look, settings, ask):
    once = "recheck = []\n"
    site.publish(1, 2, 3)
    site.feed(1, 2)
    look(once + FEED)
    site.feed(3)
    look(once + FEED, hours=1)
    before = ask(EVERY)
    for table in ("discoveries", "articles"):
        for path in Path(settings.data, table).glob("*/lake-*.parquet"):
            path.unlink()
    request_count = len(site.server.requests)
    look(once + FEED, hours=2)
    assert [row for row in ask(EVERY) if row[0] != "capture"] == [row for row in before if row[0] != "capture"]
    assert ask("SELECT count(*) FROM pending") == [(0,)]
    assert sum(b"GET /news/" in request for request in site.server.requests[request_count:]) == 0
    assert verify(settings.data).findings == ()
