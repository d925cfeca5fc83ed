-- store::marks::remove
-- Removes the marks that the snapshot sees, and tells since when the oldest of their changes has been committed
-- (where Postgres tracks that). One row.
-- $1 org.
with removed as (
  delete from prewarm.marks
   where org_id = $1
  returning case when current_setting('track_commit_timestamp')::boolean then pg_xact_commit_timestamp(xid::xid) end as changed_at
)
select count(*) as "marks!",
       min(changed_at) as "changed_at: PgTime"
  from removed
