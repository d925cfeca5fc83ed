-- Makes prewarm.actionable_leads equal to the definition at an instant for some contacts of an org, or without a list for
-- all, and writes what differs: ON CONFLICT locks a row even where it then changes nothing. Returns by how much the org's
-- pipeline and its hot leads change. A lead may be held of another org, where its contact was before: that org is marked, to
-- be made anew. In one order, so that two rebuilds of an org wait for one another instead of deadlocking.
--
-- EXCEPT hashes, whatever the statistics say: a join could be planned for ten rows and run for ten thousand.
do $do$ begin execute format($make$
create or replace function prewarm.write_leads(
  org uuid, at timestamptz, touched uuid[], out pipeline numeric, out hot bigint
)
language plpgsql set enable_nestloop = off set enable_hashjoin = on set enable_sort = on as $$
begin
  with wanted as materialized (
    select * from prewarm.leads_of(org, at, touched)
  ),
  held as materialized (
    select * from prewarm.held_leads(org, touched)
  ),
  changed as materialized (
    select * from wanted except select * from held
  ),
  taken as (
    insert into prewarm.marks (org_id, what, wide)
    select distinct former.org_id, 'contacts', true
      from changed c
     cross join lateral (select (select l.org_id from prewarm.actionable_leads l where l.id = c.id) as org_id) former
     where former.org_id <> org
  ),
  gone as (
    delete from prewarm.actionable_leads l
     where l.id = any (array(select h.id from held h except select w.id from wanted w))
  ),
  written as (
    insert into prewarm.actionable_leads
    select * from changed order by id
        on conflict (id) do update
       set (%s) = row(excluded.*)
  )
  select coalesce(sum(l.value), 0), coalesce(sum(l.hot), 0)
    into pipeline, hot
    from (
      select w.estimated_value, (w.lead_temperature = 'hot')::int from wanted w
      union all
      select -h.estimated_value, -(h.lead_temperature = 'hot')::int from held h
    ) as l (value, hot);
end $$
$make$, prewarm.each_column('prewarm.actionable_leads', '%1$I')); end $do$;
