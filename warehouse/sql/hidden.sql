-- One row a file of a table that is to be passed over: what a base file stands for, or a base file that waits.
CREATE MACRO hidden(name) AS TABLE
SELECT file_name AS path FROM footers(name) WHERE waits
UNION ALL
SELECT '$folder/' || name || '/' || unnest(string_split(replaces, chr(10))) FROM footers(name)
WHERE NOT waits AND replaces <> '';
