-- store::versions::newest
-- The database's time, its installation (null for a copy), its next transaction (null for a standby), whether the source
-- differs from its map, is only observed and is ours, and the newest versions of many orgs in the present epoch, without orgs
-- that have none. No row without an installation, otherwise at least one. $1 orgs.
with here as materialized (
  select case when i.is_original and i.is_of_cluster then i.id end as installation,
         i.epoch,
         case when not pg_is_in_recovery() then pg_snapshot_xmax(pg_current_snapshot())::text::bigint end as next_xid,
         exists (select from prewarm.source_drift) as drifted,
         not prewarm.takes_webhooks() as observes,
         prewarm.is_standalone() as standalone
    from prewarm.present_installation i
)
select statement_timestamp() as "now!: PgTime",
       here.installation as "installation?",
       here.next_xid as "next_xid?",
       here.epoch as "epoch!",
       here.drifted as "drifted!",
       here.observes as "observes!",
       here.standalone as "standalone!",
       v.org_id as "org_id?",
       v.n as "n?",
       v.as_of as "as_of?: PgTime"
  from here
  left join prewarm.versions v on v.org_id = any($1)
