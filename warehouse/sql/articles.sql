-- One row an article: the newest version of each article_id; one that was deleted is gone, whatever lands after.
-- What is newest is decided on narrow columns, and the others are fetched afterwards: no text goes through a window.
-- Rows of base files are the newest but for those that are listed as superseded and articles that the log decides.
CREATE VIEW articles AS
SELECT * EXCLUDE (file, number)
FROM (
    SELECT *, filename AS file, file_row_number AS number
    FROM read_parquet('$root/articles/landed_month=*/*.parquet', union_by_name = true, hive_partitioning = false)
)
SEMI JOIN (SELECT file, number FROM newest_in_log() WHERE NOT deleted AND file IS NOT NULL) USING (file, number)
UNION ALL BY NAME
SELECT * EXCLUDE (row_id)
FROM (
    FROM read_parquet('$root/articles/base/*.parquet', union_by_name = true, hive_partitioning = false)
    WHERE NOT deleted AND filename NOT IN (SELECT path FROM hidden('articles'))
)
ANTI JOIN (SELECT row_id FROM read_parquet('$root/superseded/articles/*.parquet')) USING (row_id)
ANTI JOIN (SELECT article_id FROM newest_in_log() WHERE deleted OR file IS NOT NULL) USING (article_id);
