-- One row for each discovered address that is neither an article nor a reject yet.
CREATE VIEW pending AS
SELECT * EXCLUDE (state)
FROM ledger
WHERE state = 'pending';
