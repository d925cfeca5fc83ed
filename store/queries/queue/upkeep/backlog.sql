-- store::queue::upkeep::backlog
-- One row. An org with a lease counts as owed: it is being rebuilt, or waits for its next attempt. After a bad end it has
-- waited since the first of its starts. Parked events count up to a limit, because this runs each second; events that name
-- neither an assistant nor a number wait for nothing and do not count.
with orgs as (
  select org_id from prewarm.owed
  union
  select org_id from prewarm.leases
),
since as (
  select least(
           (select m.marked_at from prewarm.marks m where m.org_id = o.org_id order by m.xid limit 1),
           case when v.next_change_at <= statement_timestamp() then v.next_change_at end,
           case when l.holder is null or l.starts > 1 then l.since end
         ) as instant
    from orgs o
    left join prewarm.versions v on v.org_id = o.org_id
    left join prewarm.leases l on l.org_id = o.org_id
)
select count(*) as "orgs!",
       coalesce(greatest(max(extract(epoch from statement_timestamp() - instant)), 0), 0)::float8 as "oldest_seconds!",
       (select count(*) from prewarm.leases where starts >= prewarm.quarantine_starts()) as "quarantined!",
       (select count(*)
          from (select
                  from prewarm.events
                 where org_id is null and body is not null and (assistant_id is not null or phone_number_id is not null)
                 limit 5000) counted) as "parked!"
  from since
