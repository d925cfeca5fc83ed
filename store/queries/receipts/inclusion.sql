-- store::receipts::inclusion
-- Whether a write waits for a rebuild of an org, and the org's newest version, from one snapshot. One row. A
-- transaction that this server has not reached waits as well, since a standby lags. The epoch is null if the database
-- is a copy whose own epoch has not begun. A parked webhook has no effect yet, and a replayed one has its effect by
-- another transaction. A batch shares one receipt: a parked event beside one of this org is taken for another org's.
-- $1 org, $2 the transaction of the write.
select case when i.is_original then i.epoch end as "epoch?",
       $2::text::xid8 >= pg_snapshot_xmax(pg_current_snapshot())
       or exists (select from prewarm.marks where org_id = $1 and xid = $2::text::xid8)
       or exists (
         select
           from prewarm.events late
          where late.xid = $2::text::xid8
            and (late.org_id is null or late.replay_xid is not null)
            and case
                  when late.org_id is null then not exists (
                    select
                      from prewarm.events own
                     where own.received_at = late.received_at and own.xid = late.xid and own.org_id = $1
                  )
                  else late.org_id = $1
                       and exists (select from prewarm.marks m where m.org_id = $1 and m.xid = late.replay_xid)
                end
       ) as "waiting!",
       v.n as "n?"
  from prewarm.present_installation i
  left join prewarm.versions v on v.org_id = $1
