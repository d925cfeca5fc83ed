-- Makes all sums of an org equal to the source.
create or replace procedure prewarm.make_sums(org uuid)
language plpgsql
set plan_cache_mode = force_generic_plan set enable_seqscan = off set enable_bitmapscan = off
set enable_nestloop = off set enable_mergejoin = off set enable_hashjoin = on set enable_sort = on as $$
declare
  hours  constant prewarm.sums[] := array(select h from prewarm.hours_of(org) h order by h.start);
  starts constant timestamptz[] := array(select h.start from unnest(hours) h);
begin
  -- ON CONFLICT doubles the cost of a row.
  if not exists (select from prewarm.sums s where s.org_id = org) then
    insert into prewarm.sums select * from unnest(hours);
  else
    delete from prewarm.sums s
     where s.org_id = org
       and (s.level, s.start) not in (
         select l.level, date_trunc(l.unit, h.start, 'UTC')
           from unnest(starts) as h (start)
          cross join (values (1, 'hour'), (2, 'day'), (3, 'month'), (4, 'year')) as l (level, unit)
       );
    call prewarm.put_sums(hours);
  end if;
  call prewarm.write_above(org, starts);
end $$;
