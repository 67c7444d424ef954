-- One row for each refusal. An address that was tried again has several rows.

-- Files of release 0.1 lack the last five columns: there the detail, and the end of the run_id, say the same.
CREATE VIEW rejects AS
SELECT
    * EXCLUDE (duplicate_of, is_settled)
    REPLACE (CASE WHEN is_settled IS NULL THEN regexp_replace(run_id, '-settled$', '') ELSE run_id END AS run_id),
    CASE
        WHEN is_settled IS NULL AND reason = 'duplicate'
            THEN nullif(regexp_extract(detail, '^(the same title and text as|redirects to) (.+)$', 2), '')
        ELSE duplicate_of
    END AS duplicate_of,
    coalesce(is_settled, ends_with(run_id, '-settled'), false) AS is_settled
FROM (
    FROM landed('rejects')
    UNION ALL BY NAME
    SELECT
        NULL::VARCHAR AS duplicate_of, NULL::BOOLEAN AS is_settled, NULL::VARCHAR AS title,
        NULL::TIMESTAMPTZ AS published_at, NULL::VARCHAR AS language
    WHERE false
);
