"""What a run leaves to be read: counts that are explained, rejects with the way to what came."""

from __future__ import annotations

import io
import re
from dataclasses import replace

import pytest

from flows.ingestion.raw_document import write_raw
from flows.scheduling.markdown_text import escape_markdown
from flows.scheduling.run_report import (
    ReasonCount,
    RefusedDocument,
    RunReport,
    counts_markdown,
    load_report,
    rejects_markdown,
)
from tests.support.polled import FEED, write
from tests.support.webserver import answer
from warehouse.errors import StorageError
from warehouse.model.vocabulary import Outcome, RunStatus

EMPTY = b"<html><title>Menu [a](http://evil.example) | b</title><body><nav><a href='/'>Menu</a></nav></body></html>"


@pytest.fixture
def refused(site, look, settings, tmp_path):
    """Run a source: two documents stored, one refused, one failed; return the source, the run and its report."""
    site.publish(1, 2)
    site.routes["/news/3"] = answer(EMPTY, content_type="text/html")
    site.feed(1, 2, 3, 4)
    run = look(FEED)
    source = write(tmp_path / "config" / "sources", FEED.replace("SITE", site.server.url("")))
    return source, run, load_report(settings.data, run)


def test_the_counts_are_those_of_the_run_and_each_is_explained(refused):
    source, run, report = refused
    markdown = counts_markdown(source, run, report)
    rows = {cells[0]: cells[1:] for cells in (re.split(r" \| ", line.strip("| ")) for line in markdown.splitlines())}
    counted = {str(outcome): getattr(run, outcome) for outcome in Outcome} | {"discovered": run.discovered}
    assert {name: int(rows[name][0]) for name in counted} == counted
    assert counted["stored"] == 2
    assert all(rows[name][1] for name in counted)
    assert rows["articles of this source"] == ["2"]
    assert rows["newest article came"] == ["2026-03-15 12:00Z, in this run"]
    skipped = "2 entries have no web address and were skipped."
    assert f"**Passed over:** {skipped}" in counts_markdown(source, replace(run, skipped=skipped), report)
    assert "Passed over" not in markdown


def test_a_run_that_failed_says_why_and_how_it_is_cured(refused):
    source, run, report = refused
    markdown = counts_markdown(source, replace(run, status=RunStatus.FAILED, error="404 Not Found"), report)
    assert "**lake: 404 Not Found** `copydesk sources check lake` tries its inputs." in markdown


def test_rejects_are_told_by_reason_with_cure_and_the_command_that_shows_what_came(refused, settings):
    source, _, report = refused
    markdown = rejects_markdown(source, report)
    assert "| no_article | 1 | 1 |" in markdown
    assert "| vanished | 1 | 1 |" in markdown
    assert "The site takes its pages down sooner than they are read" in markdown
    locations = re.findall(r"`copydesk rejects raw (\S+)`", markdown)
    out = io.BytesIO()
    write_raw(settings.data, locations[0], out)
    assert out.getvalue() == EMPTY


def test_what_came_is_found_by_its_address_too(refused, settings, site):
    out = io.BytesIO()
    write_raw(settings.data, site.server.url("/news/3"), out)
    assert out.getvalue() == EMPTY
    with pytest.raises(StorageError, match=r"the archive holds no document https://lake\.example/none"):
        write_raw(settings.data, "https://lake.example/none", out)


def test_without_rejects_there_is_nothing_to_look_up(site, look, settings):
    site.publish(1)
    site.feed(1)
    assert load_report(settings.data, look(FEED)).reasons == ()


def test_what_a_site_wrote_does_nothing_in_markdown(refused):
    source, *_ = refused
    nasty = "a | b\n\n# head <img src=x onerror=alert(1)> [link](javascript:alert(1)) `code`"
    assert (
        escape_markdown(nasty)
        == r"a \| b \# head \<img src=x onerror=alert(1)\> \[link\](javascript:alert(1)) \`code\`"
    )
    document = RefusedDocument("vanished", nasty, "javascript:alert(1)", None)
    markdown = rejects_markdown(source, RunReport(reasons=(ReasonCount("vanished", 1, 1),), refused=(document,)))
    assert "- javascript:alert(1): a \\| b" in markdown
    assert "Nothing of it is in the archive." in markdown
