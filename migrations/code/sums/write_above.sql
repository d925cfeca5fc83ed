-- Makes the sums of a level's spans, hours to years by their first instants, from the level below.
create or replace procedure prewarm.write_above(org uuid, above int, starts timestamptz[])
language plpgsql as $$
declare
  length constant interval := (array['1 hour', '1 day', '1 month', '1 year'])[above];
begin
  insert into prewarm.sums
  select org, above, p.start, s.*
    from unnest(starts) as p (start)
   cross join lateral (
     select coalesce(sum(b.total_calls), 0), coalesce(sum(b.inbound_calls), 0), coalesce(sum(b.outbound_calls), 0),
            coalesce(sum(b.answered_calls), 0), coalesce(sum(b.duration_total), 0),
            coalesce(sum(b.duration_calls), 0), coalesce(sum(b.sentiment_total), 0),
            coalesce(sum(b.sentiment_calls), 0), coalesce(sum(b.successful_calls), 0),
            coalesce(sum(b.appointments), 0)
       from prewarm.sums b
      where b.org_id = org
        and b.level = above - 1
        and b.start >= p.start
        and b.start < (p.start at time zone 'UTC' + length) at time zone 'UTC'
   ) s
      on conflict (org_id, level, start) do update
     set (org_id, level, start, total_calls, inbound_calls, outbound_calls, answered_calls, duration_total, duration_calls,
          sentiment_total, sentiment_calls, successful_calls, appointments) = row(excluded.*);
end $$;
