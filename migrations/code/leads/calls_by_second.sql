-- The calls of some frequent callers that were created in the given seconds.
create or replace function prewarm.calls_by_second(callers uuid[], seconds timestamptz[])
returns setof prewarm.frequent_caller_bins
language sql stable
begin atomic
  select f.contact_id, second, count(*), coalesce(sum(k.duration_seconds), 0), count(k.duration_seconds),
         coalesce(sum(prewarm.sentiment_of(k.sentiment_label)), 0)
    from prewarm.frequent_callers f
   cross join lateral (select s.phone from prewarm.source_contacts s where s.id = f.contact_id limit 1) c
   cross join unnest(seconds) as second
   cross join lateral prewarm.calls_in_bin(f.org_id, f.contact_id, c.phone, second) k
   where f.contact_id = any (callers)
   group by f.contact_id, second;
end;
