-- Up to n orgs with marks and without a lease, by id from one on: each is one look into the index, however many marks
-- an org has.
create or replace function prewarm.marked(since uuid, n int) returns setof uuid
language sql stable
begin atomic
  with recursive marked as (
    (select org_id from prewarm.marks where org_id >= since order by org_id limit 1)
    union all
    select (select m.org_id from prewarm.marks m where m.org_id > marked.org_id order by m.org_id limit 1)
      from marked
     where marked.org_id is not null
  )
  select org_id
    from marked
   where org_id is not null
     and not exists (select from prewarm.running_leases l where l.org_id = marked.org_id)
   limit n;
end;
