-- Whether the sums of an org's frequent callers are other than those of their leads, or of their seconds.
create or replace function prewarm.callers_drifted(org uuid) returns boolean
language sql stable
begin atomic
  select exists (
    select
      from prewarm.frequent_callers f
      join prewarm.actionable_leads l on l.id = f.contact_id
     cross join lateral (
        select coalesce(sum(calls), 0) as calls, coalesce(sum(duration_total), 0) as duration_total,
               coalesce(sum(duration_calls), 0) as duration_calls, coalesce(sum(sentiment_total), 0) as sentiment_total
          from prewarm.frequent_caller_bins b
         where b.contact_id = f.contact_id
      ) s
     where f.org_id = org
       and (
         (f.calls, f.duration_total, f.duration_calls, f.sentiment_total, prewarm.instant(f.last_at))
         is distinct from (l.total_calls, l.duration_total, l.duration_calls, l.sentiment_total, l.last_call_at)
         or (f.calls, f.duration_total, f.duration_calls, f.sentiment_total)
         <> (s.calls, s.duration_total, s.duration_calls, s.sentiment_total)
       )
  );
end;
