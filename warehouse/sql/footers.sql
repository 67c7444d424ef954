-- One row a base file of a table, from its footer: from when on it is read, what it stands for, its newest fetched_at.
-- A base file waits until its `visible_from`, so that each query reads either it or what it stands for.
CREATE MACRO footers(name) AS TABLE
SELECT
    file_name,
    max(CASE WHEN key = 'replaces'::BLOB THEN decode(value) END) AS replaces,
    max(CASE WHEN key = 'newest'::BLOB THEN decode(value) END)::BIGINT AS newest,
    coalesce(
        max(CASE WHEN key = 'visible_from'::BLOB THEN decode(value) END)::BIGINT - epoch_us(now())
            BETWEEN 1 AND 900000000,
        false
    ) AS waits
FROM parquet_kv_metadata('$root/' || name || '/base/*.parquet')
GROUP BY file_name;
