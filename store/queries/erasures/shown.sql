-- store::erasures::shown
-- Orgs whose older editions may show erased data, and whether their newest version was made after the erasure. A
-- deleted org has none. $1 limit.
with owed as (
  select e.org_id, max(e.id) as id, (array_agg(e.xid order by e.id desc))[1] as xid
    from (select id, org_id, xid from prewarm.erasures where done_at is null and erased_at is not null order by id limit $1) e
   group by e.org_id
)
select w.org_id, w.id as "id!",
       not exists (select from prewarm.source_organizations o where o.id = w.org_id) as "is_gone!",
       not exists (select from prewarm.marks m where m.org_id = w.org_id and m.xid <= w.xid) as "is_current!",
       v.epoch as "epoch?", v.n as "n?"
  from owed w
  left join prewarm.versions v on v.org_id = w.org_id
 order by w.org_id
