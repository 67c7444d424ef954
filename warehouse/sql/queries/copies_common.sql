-- One row for each hash that is in so many texts that it says nothing of any; a group of copies counts as one text.
SELECT hash
FROM hits
GROUP BY hash
HAVING count(DISTINCT coalesce(label::UBIGINT, text_hash)) > 60
