-- One row for each agency's text and article that ran it, also one that does not name the agency.
CREATE VIEW wire_spread AS
WITH run AS (
    SELECT *, coalesce(published_at, first_seen_at) AS run_at FROM copies WHERE contained_id IS NULL
),
credited AS (
    SELECT DISTINCT group_id, unnest(info_sources) AS agency FROM run WHERE len(info_sources) > 0
)
SELECT
    agency,
    group_id,
    article_id,
    source_id,
    url,
    run_at,
    list_contains(info_sources, agency) AS is_credited,
    relation,
    score,
    date_diff('minute', min(run_at) OVER (PARTITION BY agency, group_id), run_at) AS minutes_after_first
FROM credited
JOIN run USING (group_id);
