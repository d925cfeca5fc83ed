-- Makes the sums of a level's spans, hours to years by their first instants, from the level below.
create or replace procedure prewarm.write_level(org uuid, above int, starts timestamptz[])
language plpgsql as $$
declare
  made constant prewarm.sums[] := array(
    select s::prewarm.sums
      from unnest(starts) as p (start)
     cross join lateral (
       select org, above, p.start, coalesce(sum(b.total_calls), 0), coalesce(sum(b.inbound_calls), 0),
              coalesce(sum(b.outbound_calls), 0), coalesce(sum(b.answered_calls), 0), coalesce(sum(b.duration_total), 0),
              coalesce(sum(b.duration_calls), 0), coalesce(sum(b.sentiment_total), 0),
              coalesce(sum(b.sentiment_calls), 0), coalesce(sum(b.successful_calls), 0), coalesce(sum(b.appointments), 0)
         from prewarm.sums b
        where b.org_id = org
          and b.level = above - 1
          and b.start >= p.start
          and b.start < (p.start at time zone 'UTC' + prewarm.length_of(above)) at time zone 'UTC'
     ) s
  );
begin
  call prewarm.put_sums(made);
end $$;
