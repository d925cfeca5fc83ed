-- store::nodes::remove
-- Deletes a process that stops.
-- $1 name.
delete from prewarm.nodes
 where name = $1
