"""The Arrow schema of every table, in the order of DESIGN's columns; a test holds each to its record type."""

from __future__ import annotations

from typing import Final

import pyarrow as pa

STRING: Final = pa.string()
INSTANT: Final = pa.timestamp("us", tz="UTC")
STRINGS: Final = pa.list_(STRING)

PROVENANCE: Final = pa.map_(
    STRING,
    pa.struct(
        [
            ("origin", STRING),
            ("lost", pa.list_(pa.struct([("origin", STRING), ("value", STRING)]))),
        ]
    ),
)
STRIPPED: Final = pa.list_(pa.struct([("line", pa.int32()), ("reason", STRING), ("text", STRING)]))
LANGUAGES: Final = pa.list_(pa.struct([("language", STRING), ("share", pa.float64())]))


def _required(name: str, kind: pa.DataType) -> pa.Field:
    return pa.field(name, kind, nullable=False)


ARTICLES: Final = pa.schema(
    [
        _required("article_id", STRING),
        _required("version_id", STRING),
        _required("source_id", STRING),
        _required("url", STRING),
        pa.field("canonical_url", STRING),
        _required("normalized_url", STRING),
        pa.field("canonical_domain", STRING),
        _required("capture_id", STRING),
        _required("run_id", STRING),
        pa.field("title", STRING),
        _required("text", STRING),
        pa.field("description", STRING),
        _required("authors", STRINGS),
        pa.field("by", STRING),
        pa.field("located", STRING),
        pa.field("section", STRING),
        _required("tags", STRINGS),
        _required("info_sources", STRINGS),
        pa.field("image_url", STRING),
        pa.field("image_caption", STRING),
        pa.field("image_credit", STRING),
        pa.field("is_accessible_for_free", pa.bool_()),
        pa.field("license", STRING),
        _required("language", STRING),
        _required("language_confidence", pa.float64()),
        _required("languages", LANGUAGES),
        pa.field("published_at", INSTANT),
        pa.field("modified_at", INSTANT),
        pa.field("published_raw", STRING),
        pa.field("published_precision", STRING),
        pa.field("published_zone", STRING),
        _required("first_seen_at", INSTANT),
        _required("fetched_at", INSTANT),
        pa.field("landed_at", INSTANT),
        _required("provenance", PROVENANCE),
        _required("stripped", STRIPPED),
        _required("quality", pa.float64()),
        _required("extractor", STRING),
        _required("word_count", pa.int64()),
        _required("deleted", pa.bool_()),
    ]
)

CAPTURES: Final = pa.schema(
    [
        _required("capture_id", STRING),
        _required("source_id", STRING),
        _required("run_id", STRING),
        _required("url", STRING),
        pa.field("final_url", STRING),
        _required("fetched_at", INSTANT),
        pa.field("http_status", pa.int64()),
        pa.field("media_type", STRING),
        pa.field("charset", STRING),
        pa.field("etag", STRING),
        pa.field("last_modified", STRING),
        _required("payload_digest", STRING),
        _required("payload_bytes", pa.int64()),
        _required("warc_filename", STRING),
        _required("warc_offset", pa.int64()),
        _required("warc_length", pa.int64()),
        _required("outcome", STRING),
        pa.field("error", STRING),
    ]
)

DISCOVERIES: Final = pa.schema(
    [
        _required("source_id", STRING),
        _required("run_id", STRING),
        _required("url", STRING),
        _required("normalized_url", STRING),
        _required("guid", STRING),
        _required("found_in", STRING),
        _required("seen_at", INSTANT),
        pa.field("title", STRING),
        pa.field("published_at", INSTANT),
        pa.field("modified", STRING),
    ]
)

POLLS: Final = pa.schema(
    [
        _required("source_id", STRING),
        _required("run_id", STRING),
        _required("endpoint", STRING),
        _required("polled_at", INSTANT),
        pa.field("http_status", pa.int64()),
        _required("entries", pa.int64()),
        _required("known", pa.int64()),
        pa.field("oldest_at", INSTANT),
        _required("gap_suspected", pa.bool_()),
        pa.field("next_poll_at", INSTANT),
        pa.field("error", STRING),
        _required("failures", pa.float64()),
        pa.field("moved_to", STRING),
    ]
)

REJECTS: Final = pa.schema(
    [
        _required("source_id", STRING),
        _required("url", STRING),
        pa.field("capture_id", STRING),
        _required("stage", STRING),
        _required("reason", STRING),
        _required("detail", STRING),
        _required("attempts", pa.int64()),
        pa.field("first_seen_at", INSTANT),
        pa.field("last_seen_at", INSTANT),
        pa.field("run_id", STRING),
    ]
)

HABITS: Final = pa.schema(
    [
        _required("source_id", STRING),
        _required("line", STRING),
        _required("text", STRING),
        _required("place", STRING),
        _required("articles", pa.int64()),
        _required("among", pa.int64()),
        _required("first_seen_at", INSTANT),
        _required("last_seen_at", INSTANT),
        _required("learned_at", INSTANT),
    ]
)

RUNS: Final = pa.schema(
    [
        _required("run_id", STRING),
        _required("source_id", STRING),
        _required("started_at", INSTANT),
        pa.field("finished_at", INSTANT),
        _required("status", STRING),
        _required("discovered", pa.int64()),
        _required("stored", pa.int64()),
        _required("unchanged", pa.int64()),
        _required("duplicate", pa.int64()),
        _required("rejected", pa.int64()),
        _required("failed", pa.int64()),
        _required("pending", pa.int64()),
        pa.field("error", STRING),
        _required("code_version", STRING),
        _required("config_digest", STRING),
    ]
)

SCHEMAS: Final = {
    "articles": ARTICLES,
    "captures": CAPTURES,
    "discoveries": DISCOVERIES,
    "habits": HABITS,
    "polls": POLLS,
    "rejects": REJECTS,
    "runs": RUNS,
}
"""The schema of each table, by its name."""
