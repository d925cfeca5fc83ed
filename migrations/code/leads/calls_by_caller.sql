-- All calls of some contacts, by their id or their number, each once, by the second of their creation.
create or replace function prewarm.calls_by_caller(org uuid, callers uuid[]) returns setof prewarm.frequent_caller_bins
language sql stable
begin atomic
  select c.id, prewarm.bin_of(k.created_at), count(*), coalesce(sum(k.duration_seconds), 0), count(k.duration_seconds),
         coalesce(sum(prewarm.sentiment_of(k.sentiment_label)), 0)
    from unnest(callers) as one (id)
   cross join lateral (select s.id, s.phone from prewarm.source_contacts s where s.id = one.id limit 1) c
   cross join lateral (
     (select s.id, s.created_at, s.duration_seconds, s.sentiment_label
        from prewarm.source_calls s
       where s.contact_id = c.id
         and s.org_id is not distinct from org
      offset 0)
     union
     (select s.id, s.created_at, s.duration_seconds, s.sentiment_label
        from prewarm.source_calls s
       where s.org_id = org
         and s.phone_number between c.phone and c.phone
       order by s.phone_number
      offset 0)
   ) k
   group by 1, 2;
end;
