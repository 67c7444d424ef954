-- One row a row of a table as it landed, from log and base files; what landed twice is here twice.
CREATE MACRO landed(name) AS TABLE
SELECT *
FROM read_parquet('$root/' || name || '/*/*.parquet', union_by_name = true, hive_partitioning = false)
WHERE filename NOT IN (SELECT path FROM hidden(name));
