-- One row for each edit: a version of an article that was read later than the version before it, and what changed.
-- An edit is the publisher's. What a change of our own rules would alter is no edit.

-- Two captures are compared as they were read when the second landed.
CREATE VIEW article_edits AS
WITH edited AS (
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
        list(
            {
                'landed_at': landed_at, 'version_id': version_id, 'title': title, 'text': text, 'words': word_count,
                'numbers': list_distinct(regexp_extract_all(concat_ws(' ', title, text), '\p{Nd}+([.,٫٬]\p{Nd}+)*'))
            } ORDER BY landed_at
        ) AS readings
    FROM landed('articles')
    SEMI JOIN edited USING (article_id)
    WHERE NOT deleted
    GROUP BY article_id, capture_id
),
pair AS (
    SELECT
        * EXCLUDE (landed_at),
        lag(readings) OVER history AS readings_before,
        greatest(landed_at, lag(landed_at) OVER history) AS known_at
    FROM capture
    WINDOW history AS (PARTITION BY article_id ORDER BY fetched_at, landed_at, capture_id)
),
edit AS (
    SELECT
        *,
        list_filter(readings_before, lambda reading: reading.landed_at <= known_at)[-1] AS before,
        list_filter(readings, lambda reading: reading.landed_at <= known_at)[-1] AS after
    FROM pair
    WHERE readings_before IS NOT NULL
),
compared AS (
    SELECT
        *,
        list_sort(list_filter(before.numbers, lambda one: NOT list_contains(after.numbers, one))) AS numbers_gone,
        list_sort(list_filter(after.numbers, lambda one: NOT list_contains(before.numbers, one))) AS numbers_new
    FROM edit
    WHERE before.version_id <> after.version_id
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
