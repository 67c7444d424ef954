"""What may have been edited is fetched again at its hours without asking the feeds, which stay as due as they were."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from flows.ingestion.shared_fetcher import open_fetcher
from flows.recheck import recheck, recheck_source
from tests.support.polled import FEED, write
from warehouse.model.vocabulary import RunStatus
from warehouse.storage.tables import Store

RECHECK = "recheck = [1, 6]\n"


@pytest.fixture
def lake(tmp_path, site, settings, workers):
    """Return the function that rechecks the site's source now."""
    settings = settings.model_copy(update={"retry_seconds": 0.01, "fetch_seconds": 5.0})

    def once():
        source = write(tmp_path / "config" / "sources", RECHECK + FEED.replace("SITE", site.server.url("")))
        with open_fetcher(settings) as fetcher:
            return recheck_source(source, settings=settings, workers=workers, fetcher=fetcher)

    return once


@pytest.fixture
def now():
    """Rechecking goes by the real clock: the first run was 90 minutes ago."""
    return datetime.now(UTC) - timedelta(minutes=90)


def test_a_page_whose_hour_has_come_is_a_version_where_it_was_edited_and_the_feed_is_not_asked(site, look, lake, ask):
    site.publish(1, 2)
    site.feed(1, 2)
    look(RECHECK + FEED)
    polls = ask("SELECT count(*), max(polled_at) FROM polls")
    site.publish(1, extra="The mayor added that the rule holds from May.")
    done = lake()
    assert (done.due, done.run.stored, done.run.unchanged, done.problem) == (2, 1, 1, None)
    assert site.requests_of("/feed") == 1
    assert ask("SELECT count(*), max(polled_at) FROM polls") == polls
    assert ask("SELECT count(*) FROM article_versions") == [(3,)]
    assert lake().note == "nothing due"


def test_it_does_not_make_the_source_look_as_if_it_had_been_read(site, look, lake, ask):
    site.publish(1)
    site.feed(1)
    look(RECHECK + FEED)
    before = ask("SELECT last_run_at, last_success_at, last_status FROM source_health")
    assert lake().run.status is RunStatus.SUCCEEDED
    assert ask("SELECT count(*) FROM runs") == [(2,)]
    assert ask("SELECT last_run_at, last_success_at, last_status FROM source_health") == before


def test_a_source_that_is_being_run_is_left_to_that_run(site, look, lake, settings):
    site.publish(1)
    site.feed(1)
    look(RECHECK + FEED)
    with Store(settings.data).lock("lake", 0):
        assert lake().note == "being run: that run looks at them"


def test_of_several_sources_one_that_never_ran_has_nothing_to_do(tmp_path, site, settings):
    source = write(tmp_path, FEED.replace("SITE", site.server.url("")))
    (done,) = recheck([source], settings.model_copy(update={"data": str(tmp_path / "data")}))
    assert (done.note, done.problem, done.run) == ("never ran", None, None)
