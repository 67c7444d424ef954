-- One row a run of a source, as it ended where it has ended.
CREATE VIEW runs AS
FROM landed('runs')
QUALIFY row_number() OVER (
    PARTITION BY run_id ORDER BY status = 'running', status = 'interrupted', finished_at DESC NULLS LAST
) = 1;
