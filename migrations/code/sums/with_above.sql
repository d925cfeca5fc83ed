-- Sums of some spans of an org less others, and those of the hours, days, months and years that they lie in, where anything
-- is left.
create or replace function prewarm.with_above(added prewarm.sums[], taken prewarm.sums[]) returns setof prewarm.sums
language sql stable
begin atomic
  select d.*
    from (
      select s.org_id, above.level::smallint, date_trunc(above.unit, s.start, 'UTC') as start,
             sum(s.sign * s.total_calls)::bigint as total_calls, sum(s.sign * s.inbound_calls)::bigint,
             sum(s.sign * s.outbound_calls)::bigint, sum(s.sign * s.answered_calls)::bigint,
             sum(s.sign * s.duration_total)::bigint, sum(s.sign * s.duration_calls)::bigint,
             sum(s.sign * s.sentiment_total), sum(s.sign * s.sentiment_calls)::bigint,
             sum(s.sign * s.successful_calls)::bigint, sum(s.sign * s.appointments)::bigint
        from (select 1 as sign, a.* from unnest(added) a union all select -1, t.* from unnest(taken) t) s
        join (values (0, 'second'), (1, 'hour'), (2, 'day'), (3, 'month'), (4, 'year')) as above (level, unit)
          on above.level >= s.level
       group by 1, 2, 3
    ) d
   where d is distinct from prewarm.no_sums(d.org_id, d.level, d.start);
end;
