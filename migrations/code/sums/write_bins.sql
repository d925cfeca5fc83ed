-- Keeps some hours of an org by bins from now on. Of the empty bins only an hour's first has a row: it tells that the hour is
-- kept by bins.
create or replace procedure prewarm.write_bins(org uuid, hours timestamptz[])
language plpgsql as $$
begin
  insert into prewarm.sums
  select bin.*
    from unnest(hours) as start
   cross join lateral prewarm.spans_between(org, 0, start, start + interval '1 hour') bin;
  insert into prewarm.sums
  select none.*
    from unnest(hours) as start
   cross join lateral prewarm.no_sums(org, 0, start) none
      on conflict (org_id, level, start) do nothing;
end $$;
