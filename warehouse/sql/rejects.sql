-- One row a refusal; an address that was tried again has several.
CREATE VIEW rejects AS
FROM landed('rejects');
