"""What the columns of a view hold, for those that no record type describes."""

from __future__ import annotations

from typing import Final

from warehouse.model.descriptions import describe_fields
from warehouse.model.records import Article, Capture, Rejection
from warehouse.model.rows import Discovery, Habit, Poll, Run

# The record type that describes the columns which a view takes from a table under their own names.
_RECORDS: Final[dict[str, type]] = {
    "article_versions": Article,
    "articles": Article,
    "captures": Capture,
    "discoveries": Discovery,
    "endpoint_health": Poll,
    "habits": Habit,
    "ledger": Discovery,
    "pending": Discovery,
    "polls": Poll,
    "rejects": Rejection,
    "rejects_open": Rejection,
    "runs": Run,
}
_SOURCE: Final = "Name of the source, as in `config/sources`."
_SIGHTINGS: Final = {
    "first_seen_at": "When the address was first seen, in UTC.",
    "last_seen_at": "When the address was last seen, in UTC.",
}
_COLUMNS: Final[dict[str, dict[str, str]]] = {
    "article_edits": {
        "article_id": "The article that was edited; joins `articles`.",
        "source_id": _SOURCE,
        "url": "Address of the article.",
        "version_id": "The version after the edit; joins `article_versions`.",
        "previous_version_id": "The version before the edit; joins `article_versions`.",
        "edited_at": "When the edited version was read, in UTC.",
        "changed": "What changed: `headline`, `numbers`, `text`.",
        "title_before": "Headline before the edit.",
        "title_after": "Headline after the edit.",
        "numbers_gone": "Numbers in headline and text that are no longer there.",
        "numbers_new": "Numbers in headline and text that were not there before.",
        "words_before": "Words of the text before the edit.",
        "words_after": "Words of the text after the edit.",
    },
    "articles_by_day": {
        "source_id": _SOURCE,
        "language": "Language of the articles (BCP 47); `und` where it cannot be told.",
        "day": "Day of publication in UTC; NULL for articles without a date.",
        "articles": "Number of articles.",
    },
    "endpoint_health": {
        "gap_at": "When entries were last suspected to have come and gone unseen, in UTC.",
        "gap_run_id": "The run that suspected it; joins `runs`.",
    },
    "habits": {
        "since": "When the line was first learned, in UTC.",
        "to_keep": "The line for `[strip]` in the source's file that keeps it in the text.",
    },
    "ledger": {**_SIGHTINGS, "state": "What became of the address: `article`, `reject` or `pending`."},
    "pending": _SIGHTINGS,
    "quality_by_day": {
        "source_id": _SOURCE,
        "day": "Day in UTC on which the articles were first seen.",
        "articles": "Articles that were first seen on the day.",
        "with_date": "Those of them that have a date of publication.",
        "with_author": "Those of them that have an author.",
        "with_title": "Those of them that have a title.",
        "textless": "Documents that could be read and hold no article.",
        "refused": "Other documents that were refused, without duplicates.",
        "median_words": "Median of the words of an article.",
        "mean_log_words": "Mean of the natural logarithm of the words of an article.",
        "variance_log_words": "Variance of the natural logarithm of the words of an article.",
        "mean_quality": "Mean of `quality`, 0 to 1.",
        "variance_quality": "Variance of `quality`.",
        "languages": "Number of articles by language.",
    },
    "source_health": {
        "source_id": _SOURCE,
        "first_run_at": "Start of the first run, in UTC.",
        "last_run_at": "Start of the newest run, in UTC.",
        "last_status": "Status of the newest run: `running`, `succeeded`, `failed` or `interrupted`.",
        "last_error": "What went wrong in the newest run, as a sentence.",
        "last_success_at": "Start of the newest run that succeeded, in UTC.",
        "newest_at": "When the newest article was first seen, in UTC; articles of a backfill do not count.",
        "articles": "Number of articles.",
        "articles_24h": "Articles first seen in the last 24 hours.",
        "articles_7d": "Articles first seen in the last 7 days.",
        "articles_per_day": "Articles a day, on the mean of the last 7 days.",
        "share_with_text": "Share of the documents read in which there was an article, 0 to 1.",
        "articles_week": "Articles of the latest week: the 7 days up to the newest article.",
        "share_with_date": "Share of the articles of the latest week that have a date, 0 to 1.",
        "share_with_author": "Share of the articles of the latest week that have an author, 0 to 1.",
        "share_with_title": "Share of the articles of the latest week that have a title, 0 to 1.",
        "median_words": "Median of the words of an article in the latest week.",
        "articles_week_before": "Articles of the week before the latest week.",
        "share_with_date_before": "Share of the articles of the week before that have a date, 0 to 1.",
        "share_with_author_before": "Share of the articles of the week before that have an author, 0 to 1.",
        "share_with_title_before": "Share of the articles of the week before that have a title, 0 to 1.",
        "median_words_before": "Median of the words of an article in the week before.",
        "hours_with_articles": "Hours of the last 28 days in which an article was first seen.",
        "longest_silence_hours": "Longest time between two such hours, in hours.",
        "rejects_open": "Refused addresses that have no article.",
        "rejects_7d": "Those of them first refused in the last 7 days, without duplicates.",
        "rejects_by_reason": "Number of refused addresses by reason, the most frequent first.",
        "main_reason_7d": "The most frequent reason of the last 7 days.",
        "pending": "Addresses that are neither an article nor a reject yet.",
        "pending_of_runs": "What the newest four runs left pending, the newest first.",
        "next_poll_at": "When the next feed, sitemap or page is due, in UTC.",
    },
}


def describe_columns(view: str) -> dict[str, str]:
    """Return what each column of a table or view holds, by its name; empty for a view that is not known."""
    fields = describe_fields(_RECORDS[view]) if view in _RECORDS else {}
    return {**fields, **_COLUMNS.get(view, {})}
