-- One row an article, as `articles` showed it at a moment: articles_as_of(TIMESTAMPTZ '2026-11-01 00:00:00+00').
-- It names the files itself: a macro, unlike a view, looks up other macros in the catalogue of whoever calls it. What
-- is there twice, in the log and in a base file, is one row all the same.
CREATE MACRO articles_as_of(moment) AS TABLE
SELECT * EXCLUDE (row_id, file, number)
FROM (
    SELECT *, filename AS file, file_row_number AS number
    FROM read_parquet('$root/articles/*/*.parquet', union_by_name = true, hive_partitioning = false)
)
SEMI JOIN (
    SELECT file, number
    FROM (
        SELECT deleted, filename AS file, file_row_number AS number
        FROM read_parquet('$root/articles/*/*.parquet', hive_partitioning = false)
        WHERE landed_at <= moment
        QUALIFY row_number() OVER (
            PARTITION BY article_id
            ORDER BY deleted DESC, fetched_at DESC, landed_at DESC NULLS LAST, capture_id DESC
        ) = 1
    )
    WHERE NOT deleted
) USING (file, number);
