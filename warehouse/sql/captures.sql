-- One row a capture: a response or file that was read, and where the archive holds it.
CREATE VIEW captures AS
FROM landed('captures')
QUALIFY row_number() OVER (PARTITION BY capture_id ORDER BY outcome = 'recovered') = 1;
