-- One row for each source and reason: how many refusals there were since `$since`.
SELECT source_id, reason, count(*) AS rejects
FROM rejects
WHERE last_seen_at >= $since AND NOT is_settled
GROUP BY source_id, reason
ORDER BY source_id, reason
