-- The open rejects of a source, of one reason or one address where these are given, each with its capture and with what
-- the first listing that had its address gave. A duplicate is among them once its twin has another text.
WITH {source_rows}
SELECT reject, capture, seen
FROM rejects_open AS reject
LEFT JOIN capture ON capture.capture_id = reject.capture_id
LEFT JOIN seen ON seen.url = reject.url
WHERE reject.source_id = $source_id
    AND reject.reason <> 'forgotten'
    AND (reject.stage <> 'dedupe' OR EXISTS (
        FROM landed('articles') AS twin
        WHERE twin.source_id = $source_id AND twin.url = reject.duplicate_of AND twin.landed_at > reject.last_seen_at
    ))
    AND ($reason IS NULL OR reject.reason = $reason) AND ($url IS NULL OR reject.url = $url)
