-- One row for each article: the newest version of each article_id. An article that was taken down is gone.

-- What is newest is decided on narrow columns, and the others are fetched afterwards: no text goes through a window.
-- Rows of base files are the newest but for those that are listed as superseded and articles that the log decides.
-- NOT IN, as DuckDB may turn an anti join round, and hold all rows of base files in memory.
CREATE VIEW articles AS
SELECT * EXCLUDE (row_id)
FROM read_parquet('$root/articles/*/*.parquet', union_by_name = true, hive_partitioning = false)
WHERE
    NOT deleted
    AND filename NOT IN (SELECT path FROM hidden('articles'))
    AND coalesce(row_id, 0) NOT IN (SELECT row_id FROM read_parquet('$root/superseded/articles/*.parquet'))
    AND CASE WHEN row_id IS NULL THEN concat(filename, file_row_number) ELSE article_id END
    NOT IN (SELECT key FROM outdated());
