-- Makes the bins of some hours of an org. Of the empty ones only the first, which tells that an hour is kept by bins.
create or replace procedure prewarm.write_bins(org uuid, hours timestamptz[])
language plpgsql as $$
begin
  insert into prewarm.sums
  select org, 0, p.* from unnest(hours) as start
   cross join lateral prewarm.spans_between(org, start, start + interval '1 hour', '10 seconds') p;
  insert into prewarm.sums
  select org, 0, start, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0 from unnest(hours) as start
      on conflict (org_id, level, start) do nothing;
end $$;
