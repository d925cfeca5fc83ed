-- Makes the bins of some hours of an org. Of the empty ones only the first, which tells that an hour is kept by bins.
create or replace procedure prewarm.write_bins(org uuid, hours timestamptz[])
language plpgsql as $$
begin
  insert into prewarm.sums
  select p.*
    from unnest(hours) as start
   cross join lateral prewarm.spans_between(org, 0, start, start + interval '1 hour') p;
  insert into prewarm.sums
  select none.*
    from unnest(hours) as start
   cross join lateral prewarm.no_sums(org, 0, start) none
      on conflict (org_id, level, start) do nothing;
end $$;
