-- One row a sighting of an address.
CREATE VIEW discoveries AS
FROM landed('discoveries');
