-- store::receipts::inclusion
-- Whether a write still waits for a rebuild of an org, and the org's newest version, from one snapshot. One row.
-- $1 org, $2 the transaction of the write.
select e.epoch,
       exists (select from prewarm.marks where org_id = $1 and xid = $2::text::xid8) as "waiting!",
       v.epoch as "version_epoch?",
       v.n as "version_n?"
  from prewarm.epoch e
  left join prewarm.versions v on v.org_id = $1
