-- store::marks::remove
-- Removes the marks that the snapshot sees.
-- $1 org.
delete from prewarm.marks
 where org_id = $1
