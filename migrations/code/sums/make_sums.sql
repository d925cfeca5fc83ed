-- Makes all sums of an org equal to the source, and writes what differs. No hour is kept by bins any more.
do $do$ begin execute format($make$
create or replace procedure prewarm.make_sums(org uuid)
language plpgsql
set plan_cache_mode = force_generic_plan set enable_seqscan = off set enable_bitmapscan = off
set enable_nestloop = off set enable_mergejoin = off set enable_hashjoin = on set enable_sort = on as $$
declare
  made constant prewarm.sums[] := array(
    select s::prewarm.sums
      from prewarm.with_above(array(select h::prewarm.sums from prewarm.hours_of(org) h), null) s
     order by s.level, s.start
  );
begin
  -- ON CONFLICT doubles the cost of a row.
  if not exists (select from prewarm.sums s where s.org_id = org) then
    insert into prewarm.sums select * from unnest(made);
    return;
  end if;
  delete from prewarm.sums s
   where s.org_id = org
     and (s.level, s.start) not in (select m.level, m.start from unnest(made) m);
  insert into prewarm.sums
  select * from unnest(made) except select * from prewarm.sums s where s.org_id = org
      on conflict (org_id, level, start) do update
     set (%s) = row(excluded.*);
end $$
$make$, prewarm.each_column('prewarm.sums', '%1$I')); end $do$;
