-- store::nodes::leave
-- $1 its name.
delete from prewarm.nodes
 where name = $1
