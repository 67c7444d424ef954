-- One row for each edit: a version of an article that was read later than the version before it, and what changed.
-- An edit is the publisher's. What a change of our own rules would alter is no edit.

-- Two captures are compared as they were read when the second landed. Which are is decided on narrow columns; of a text only
-- its hash and its numbers go through a join.
CREATE VIEW article_edits AS
WITH edited AS MATERIALIZED (
    SELECT article_id
    FROM landed('articles')
    WHERE NOT deleted
    GROUP BY article_id
    HAVING min(capture_id) <> max(capture_id)
),
capture AS (
    SELECT
        article_id,
        capture_id,
        any_value(source_id) AS source_id,
        any_value(url) AS url,
        min(fetched_at) AS fetched_at,
        min(landed_at) AS landed_at,
        list({'landed_at': landed_at, 'version_id': version_id} ORDER BY landed_at) AS readings
    FROM landed('articles')
    SEMI JOIN edited USING (article_id)
    WHERE NOT deleted
    GROUP BY article_id, capture_id
),
pair AS (
    SELECT
        * EXCLUDE (landed_at),
        lag(capture_id) OVER history AS capture_id_before,
        lag(readings) OVER history AS readings_before,
        greatest(landed_at, lag(landed_at) OVER history) AS known_at
    FROM capture
    WINDOW history AS (PARTITION BY article_id ORDER BY fetched_at, landed_at, capture_id)
),
edit AS (
    SELECT
        * EXCLUDE (readings, readings_before, known_at),
        list_filter(readings_before, lambda reading: reading.landed_at <= known_at)[-1] AS reading_before,
        list_filter(readings, lambda reading: reading.landed_at <= known_at)[-1] AS reading_after
    FROM pair
    WHERE readings_before IS NOT NULL
),
reading AS MATERIALIZED (
    SELECT
        article_id,
        capture_id,
        landed_at,
        version_id,
        any_value(title) AS title,
        any_value(hash(text)) AS text,
        any_value(word_count) AS words,
        any_value(
            list_distinct(regexp_extract_all(concat_ws(' ', title, text), '\p{Nd}+([.,٫٬]\p{Nd}+)*'))
        ) AS numbers
    FROM landed('articles')
    SEMI JOIN edited USING (article_id)
    WHERE NOT deleted
    GROUP BY ALL
),
compared AS (
    SELECT
        edit.*,
        before,
        after,
        -- How often each number stands in the one list taken twice and the other: 2 is gone, 1 is new, 3 is in both.
        map_entries(
            list_aggregate(list_concat(before.numbers, before.numbers, after.numbers), 'histogram')
        ) AS counts,
        coalesce([entry.key FOR entry IN counts IF entry.value = 2], []) AS numbers_gone,
        coalesce([entry.key FOR entry IN counts IF entry.value = 1], []) AS numbers_new
    FROM edit
    JOIN reading AS before
        ON before.article_id = edit.article_id
        AND before.capture_id = capture_id_before
        AND before.landed_at = reading_before.landed_at
        AND before.version_id = reading_before.version_id
    JOIN reading AS after
        ON after.article_id = edit.article_id
        AND after.capture_id = edit.capture_id
        AND after.landed_at = reading_after.landed_at
        AND after.version_id = reading_after.version_id
    WHERE reading_before.version_id <> reading_after.version_id
)
SELECT
    article_id,
    source_id,
    url,
    after.version_id AS version_id,
    before.version_id AS previous_version_id,
    fetched_at AS edited_at,
    list_filter(
        [
            CASE WHEN before.title IS DISTINCT FROM after.title THEN 'headline' END,
            CASE WHEN len(numbers_gone) + len(numbers_new) > 0 THEN 'numbers' END,
            CASE WHEN before.text <> after.text THEN 'text' END
        ],
        lambda part: part IS NOT NULL
    ) AS changed,
    before.title AS title_before,
    after.title AS title_after,
    numbers_gone,
    numbers_new,
    before.words AS words_before,
    after.words AS words_after
FROM compared;
