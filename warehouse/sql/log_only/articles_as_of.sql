-- One row for each article, as `articles` showed it at a moment: articles_as_of(TIMESTAMPTZ '2026-11-01 00:00:00+00').
-- It names the files itself: a macro, unlike a view, looks up `landed` in the catalogue of whoever calls it.
CREATE MACRO articles_as_of(moment) AS TABLE
SELECT *
FROM (
    FROM (
        FROM read_parquet('$root/articles/*/*.parquet', union_by_name = true, hive_partitioning = false)
        UNION ALL BY NAME
        SELECT NULL::DATE AS published_local, NULL::BIGINT AS published_offset WHERE false
    )
    WHERE landed_at <= moment
    QUALIFY row_number() OVER (
        PARTITION BY article_id
        ORDER BY deleted DESC, fetched_at DESC, landed_at DESC NULLS LAST, capture_id DESC
    ) = 1
)
WHERE NOT deleted;
