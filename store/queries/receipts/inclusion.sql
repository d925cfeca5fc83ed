-- store::receipts::inclusion
-- Whether a write still waits for a rebuild of an org, and the org's newest version, from one snapshot. A transaction that
-- this server has not come to waits as well: a standby lags. One row; the epoch is null where the database is a copy, whose
-- epoch is yet to begin.
-- $1 org, $2 the transaction of the write.
select case when i.is_original then i.epoch end as "epoch?",
       $2::text::xid8 >= pg_snapshot_xmax(pg_current_snapshot())
         or exists (select from prewarm.marks where org_id = $1 and xid = $2::text::xid8) as "waiting!",
       v.n as "n?"
  from prewarm.present_installation i
  left join prewarm.versions v on v.org_id = $1
