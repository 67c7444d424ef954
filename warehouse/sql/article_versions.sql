-- One row a version of an article and capture it was read from, deleted ones too; of what landed twice, the newest.
CREATE VIEW article_versions AS
SELECT * EXCLUDE (row_id, file, number)
FROM (
    SELECT *, filename AS file, file_row_number AS number
    FROM read_parquet('$root/articles/*/*.parquet', union_by_name = true, hive_partitioning = false)
)
SEMI JOIN (
    SELECT filename AS file, file_row_number AS number
    FROM read_parquet('$root/articles/*/*.parquet', hive_partitioning = false)
    WHERE filename NOT IN (SELECT path FROM hidden('articles'))
    QUALIFY row_number() OVER (
        PARTITION BY article_id, version_id, capture_id ORDER BY deleted DESC, landed_at DESC NULLS LAST
    ) = 1
) USING (file, number);
