-- One row for each time that an address was seen.
CREATE VIEW discoveries AS
FROM landed('discoveries');
