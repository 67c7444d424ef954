-- One row for each file of a table that is to be passed over: what a base file stands for, or a base file that waits.
-- With it the newest fetched_at, in microseconds, of the base file that says so.

-- The footer of a base file says, line by line: from when on it is read, its newest fetched_at, when it was made, and the
-- files that it stands for. Until that moment it waits, so that each query reads either it or what it stands for.
-- No aggregate here: DuckDB would compute it once for all, and not see that few rows of a view are wanted.
CREATE MACRO hidden(name) AS TABLE
SELECT
    unnest(
        CASE
            WHEN lines[1]::BIGINT - epoch_us(now()) BETWEEN 1 AND 900000000 THEN [file_name]
            ELSE list_transform(lines[4:], lambda file: '$folder/' || name || '/' || file)
        END
    ) AS path,
    nullif(lines[2], '')::BIGINT AS newest
FROM (
    SELECT file_name, string_split(decode(value), chr(10)) AS lines
    FROM parquet_kv_metadata('$root/' || name || '/base/*.parquet')
    WHERE key = 'copydesk'::BLOB
);
