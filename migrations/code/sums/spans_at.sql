-- The spans that an org's sums are made by where some instants lie, without their sums: a bin in an hour that is kept by
-- bins, else the hour.
create or replace function prewarm.spans_at(org uuid, instants timestamptz[]) returns setof prewarm.sums
language sql stable
begin atomic
  select none.*
    from (
      select distinct kept.level, case kept.level when 0 then prewarm.bin_of(at) else kept.hour end as start
        from unnest(instants) as at
       cross join lateral (
         select h.hour,
                case
                  when exists (select from prewarm.sums s where s.org_id = org and s.level = 0 and s.start = h.hour) then 0
                  else 1
                end as level
           from (select prewarm.hour_of(at) as hour) h
         offset 0
       ) kept
    ) span
   cross join lateral prewarm.no_sums(org, span.level, span.start) none;
end;
