-- One row for each discovered address of a source. It is in exactly one state: article, reject or pending.
-- An article whose later edit was refused stays an article.
CREATE VIEW ledger AS
SELECT
    source_id,
    url,
    seen.normalized_url,
    seen.guid,
    seen.found_in,
    seen.first_seen_at,
    seen.last_seen_at,
    CASE WHEN article.url IS NOT NULL THEN 'article' WHEN reject.url IS NOT NULL THEN 'reject' ELSE 'pending' END AS state
FROM (
    SELECT
        source_id,
        url,
        arg_max(normalized_url, seen_at) AS normalized_url,
        arg_max(guid, seen_at) AS guid,
        arg_max(found_in, seen_at) AS found_in,
        min(seen_at) AS first_seen_at,
        max(seen_at) AS last_seen_at
    FROM landed('discoveries')
    GROUP BY source_id, url
) AS seen
LEFT JOIN (SELECT DISTINCT source_id, url FROM landed('articles')) AS article USING (source_id, url)
LEFT JOIN (SELECT DISTINCT source_id, url FROM landed('rejects')) AS reject USING (source_id, url);
