-- store::versions::announce
-- Announces a version to the nodes, unless it is no longer the newest. One row if it is.
-- $1 org, $2 epoch, $3 n.
select pg_notify('prewarm_versions', concat_ws(' ', org_id, concat_ws('-', epoch, n))) is null as announced
  from prewarm.versions
 where org_id = $1
   and (epoch, n) = ($2, $3)
