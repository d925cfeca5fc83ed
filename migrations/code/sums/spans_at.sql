-- The spans that an org's sums are made by where some instants lie, without their sums: a bin in an hour that is kept by
-- bins, else the hour.
create or replace function prewarm.spans_at(org uuid, instants timestamptz[]) returns setof prewarm.sums
language sql stable
begin atomic
  select distinct none.*
    from unnest(instants) as at
   cross join lateral (
     select exists (
              select
                from prewarm.sums s
               where s.org_id = org
                 and s.level = 0
                 and s.start = prewarm.hour_of(at)
            ) as by_bins
   ) kept
   cross join lateral prewarm.no_sums(
     org, case when kept.by_bins then 0 else 1 end,
     case when kept.by_bins then prewarm.bin_of(at) else prewarm.hour_of(at) end
   ) none;
end;
