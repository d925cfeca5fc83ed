-- store::versions::mark_published
-- Records that a version was announced, unless it is no longer the newest. One row if recorded.
-- $1 org, $2 epoch, $3 n, $4 whether Postgres announces it as well.
with recorded as (
  update prewarm.versions
     set published = true
   where org_id = $1
     and (epoch, n) = ($2, $3)
  returning org_id
)
select case when $4 then pg_notify('prewarm_versions', concat_ws(' ', org_id, concat_ws('-', $2::bigint, $3::bigint))) is null end
  from recorded
