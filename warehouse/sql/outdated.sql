-- One row for each row of the log that is not the newest of its article, by its file and number; and one for each article whose
-- newest row is in the log or is a tombstone, by its article_id: none of its rows in base files shows.

-- Base files are looked at only for what may come before a row of the log: tombstones, and whatever was fetched later than
-- it, as where a backfill, a recovered run or a second extraction has landed.
-- Footers of base files are read once for all. But the log stands here twice: DuckDB would compute a common expression as
-- a whole, and look up no single rows after it.
CREATE MACRO outdated() AS TABLE
WITH passed_over AS MATERIALIZED (SELECT path, newest FROM hidden('articles'))
SELECT CASE WHEN position = 1 THEN article_id ELSE concat(file, number) END AS key
FROM (
    SELECT article_id, deleted, file, number, row_number() OVER (
        PARTITION BY article_id
        ORDER BY deleted DESC, fetched_at DESC, landed_at DESC NULLS LAST, capture_id DESC
    ) AS position
    FROM (
        SELECT article_id, deleted, fetched_at, landed_at, capture_id, filename AS file, file_row_number AS number
        FROM read_parquet('$root/articles/landed_month=*/*.parquet', hive_partitioning = false)
        WHERE filename NOT IN (SELECT path FROM passed_over)
        UNION ALL BY NAME
        SELECT article_id, deleted, fetched_at, landed_at, capture_id
        FROM (
            SELECT article_id, deleted, fetched_at, landed_at, capture_id, row_id
            FROM read_parquet('$root/articles/base/*.parquet', hive_partitioning = false)
            WHERE filename NOT IN (SELECT path FROM passed_over)
        )
        SEMI JOIN (
            SELECT article_id
            FROM read_parquet('$root/articles/landed_month=*/*.parquet', hive_partitioning = false)
            WHERE filename NOT IN (SELECT path FROM passed_over)
            AND epoch_us(fetched_at) <= (SELECT max(newest) FROM passed_over)
        ) USING (article_id)
        ANTI JOIN (SELECT row_id FROM read_parquet('$root/superseded/articles/*.parquet')) USING (row_id)
        UNION ALL BY NAME
        SELECT article_id, deleted, fetched_at, landed_at, capture_id
        FROM read_parquet('$root/articles/base/*.parquet', hive_partitioning = false)
        WHERE deleted AND filename NOT IN (SELECT path FROM passed_over)
    )
)
WHERE file IS NOT NULL OR (deleted AND position = 1);
