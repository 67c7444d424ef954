-- One row for each paragraph that an edit took out, put in or changed.

-- Only articles with an edit are read. A paragraph that both versions have, wherever it stands, is none of these; one that
-- went and one that came are a change where they have half of their words in common, and no other is nearer.
CREATE VIEW edit_paragraphs AS
WITH edit AS (
    SELECT article_id, source_id, url, edited_at, previous_version_id, version_id
    FROM article_edits
    WHERE list_contains(changed, 'text')
),
version AS (
    SELECT article_id, version_id, string_split_regex(any_value(text), '\n[ \t]*\n\s*') AS paragraphs
    FROM landed('articles')
    SEMI JOIN edit USING (article_id)
    WHERE NOT deleted
    GROUP BY article_id, version_id
),
paragraph AS (
    SELECT
        edit.article_id,
        edited_at,
        edit.version_id,
        side.is_new,
        generate_subscripts(paragraphs, 1) AS position,
        unnest(paragraphs) AS text
    FROM edit
    CROSS JOIN (VALUES (false), (true)) AS side (is_new)
    JOIN version
        ON version.article_id = edit.article_id
        AND version.version_id = CASE WHEN side.is_new THEN edit.version_id ELSE edit.previous_version_id END
),
counted AS (
    SELECT
        *,
        row_number() OVER (
            PARTITION BY article_id, edited_at, version_id, is_new, text ORDER BY position
        ) AS repetition
    FROM paragraph
    WHERE trim(text) <> ''
),
difference AS (
    SELECT
        * EXCLUDE (repetition),
        list_distinct(
            regexp_extract_all(
                lower(text),
                '[\p{Han}\p{Hiragana}\p{Katakana}\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}]|[\p{L}\p{M}\p{N}]+'
            )
        ) AS words
    FROM counted
    QUALIFY count(*) OVER (PARTITION BY article_id, edited_at, version_id, text, repetition) = 1
),
likeness AS (
    SELECT
        gone.article_id,
        gone.edited_at,
        gone.version_id,
        gone.position AS position_before,
        gone.text AS text_before,
        come.position,
        len(list_intersect(gone.words, come.words)) / len(list_distinct(list_concat(gone.words, come.words))) AS share
    FROM difference AS gone
    JOIN difference AS come USING (article_id, edited_at, version_id)
    WHERE NOT gone.is_new AND come.is_new
),
pair AS (
    SELECT *
    FROM likeness
    WHERE share >= 0.5
    QUALIFY
        row_number() OVER (
            PARTITION BY article_id, edited_at, version_id, position_before ORDER BY share DESC, position
        ) = 1
        AND row_number() OVER (
            PARTITION BY article_id, edited_at, version_id, position ORDER BY share DESC, position_before
        ) = 1
),
change AS (
    SELECT article_id, edited_at, version_id, position, 'new' AS change, NULL AS text_before, text AS text_after
    FROM difference
    ANTI JOIN pair USING (article_id, edited_at, version_id, position)
    WHERE is_new
    UNION ALL
    SELECT article_id, edited_at, version_id, position, 'gone', text, NULL
    FROM difference
    ANTI JOIN (SELECT * EXCLUDE (position), position_before AS position FROM pair)
        USING (article_id, edited_at, version_id, position)
    WHERE NOT is_new
    UNION ALL
    SELECT article_id, edited_at, version_id, position, 'changed', pair.text_before, difference.text
    FROM pair
    JOIN difference USING (article_id, edited_at, version_id, position)
    WHERE is_new
)
SELECT
    article_id,
    source_id,
    url,
    edited_at,
    previous_version_id,
    version_id,
    position,
    change,
    text_before,
    text_after
FROM change
JOIN edit USING (article_id, edited_at, version_id);
