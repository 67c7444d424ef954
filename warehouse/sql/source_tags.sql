-- One row for each tag of a source, as of its last run; joins with any view by source_id.
CREATE VIEW source_tags AS
SELECT source_id, unnest(arg_max(source_tags, started_at)) AS tag
FROM runs
GROUP BY source_id;
