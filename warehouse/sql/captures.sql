-- One row a capture: a response or file that was read, and where the archive holds it.
-- Files of release 0.1 lack the last two columns: there the error, and the end of the address, say the same.
CREATE VIEW captures AS
SELECT
    * EXCLUDE (is_read, purpose)
    REPLACE (
        CASE WHEN purpose IS NULL THEN regexp_replace(url, '#repair$', '') ELSE url END AS url,
        CASE WHEN is_read IS NULL AND starts_with(error, 'not read: ') THEN error[11:] ELSE error END AS error
    ),
    coalesce(is_read, outcome <> 'failed' AND NOT coalesce(starts_with(error, 'not read: '), false)) AS is_read,
    coalesce(
        purpose,
        CASE
            WHEN outcome <> 'listed' THEN 'document'
            WHEN ends_with(url, '#repair') AND starts_with(run_id, 'plan-') THEN 'backfill'
            WHEN ends_with(url, '#repair') THEN 'gap_repair'
            WHEN ends_with(url, '/robots.txt') THEN 'robots'
            ELSE 'listing'
        END
    ) AS purpose
FROM (
    FROM landed('captures')
    UNION ALL BY NAME
    SELECT NULL::BOOLEAN AS is_read, NULL::VARCHAR AS purpose WHERE false
)
QUALIFY row_number() OVER (PARTITION BY capture_id ORDER BY outcome = 'recovered') = 1;
