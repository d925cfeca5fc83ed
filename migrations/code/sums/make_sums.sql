-- Makes all sums of an org equal to the source.
create or replace procedure prewarm.make_sums(org uuid)
language plpgsql
set plan_cache_mode = force_generic_plan set enable_seqscan = off set enable_bitmapscan = off
set enable_nestloop = off set enable_mergejoin = off set enable_hashjoin = on set enable_sort = on as $$
begin
  -- ON CONFLICT doubles the cost of a row.
  if not exists (select from prewarm.sums s where s.org_id = org) then
    -- In the order in which they are read: side by side in the table, too.
    insert into prewarm.sums select * from prewarm.sums_of(org) s order by s.level, s.start;
    return;
  end if;
  with wanted as materialized (
    select * from prewarm.sums_of(org)
  ),
  gone as (
    delete from prewarm.sums s
     where s.org_id = org
       and (s.level, s.start) in (
         select h.level, h.start from prewarm.sums h where h.org_id = org except select level, start from wanted
       )
  )
  insert into prewarm.sums
  select *
    from wanted w
   where not exists (
     select
       from prewarm.sums h
      where h.org_id = org
        and (h.level, h.start) = (w.level, w.start)
        and h is not distinct from w::prewarm.sums
   )
   order by w.level, w.start
      on conflict (org_id, level, start) do update
     set (org_id, level, start, total_calls, inbound_calls, outbound_calls, answered_calls, duration_total, duration_calls,
          sentiment_total, sentiment_calls, successful_calls, appointments) = row(excluded.*);
end $$;
