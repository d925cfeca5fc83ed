-- The sums of an org between two instants by non-empty spans of a level, bins or hours, from the source.
create or replace function prewarm.spans_between(org uuid, level int, since timestamptz, until timestamptz)
returns setof prewarm.sums
language sql stable
begin atomic
  select org, level::smallint, prewarm.span_of(prewarm.length_of(level), one.at), count(*) filter (where is_call),
         count(*) filter (where direction = 'inbound'), count(*) filter (where direction = 'outbound'),
         count(*) filter (where seconds > 0), coalesce(sum(seconds), 0), count(seconds), coalesce(sum(score), 0),
         count(score), count(*) filter (where is_success), count(*) filter (where not is_call)
    from prewarm.reaches(since, until - since) r
   cross join lateral (
     select s.created_at, true, s.call_direction, s.duration_seconds, s.sentiment_score,
            s.call_direction = 'inbound'
            -- The newest live appointment of the contact: one look into appointments_contact_live.
            and (
              select b.created_at
                from prewarm.source_appointments b
               where b.org_id = org
                 and b.contact_id between s.contact_id and s.contact_id
                 and b.is_live
                 and b.created_at < 'infinity'
               order by b.contact_id desc, b.created_at desc
               limit 1
            ) >= coalesce(s.started_at, prewarm.instant(s.created_at))
            and (select c.org_id = org from prewarm.source_contacts c where c.id = s.contact_id)
       from (
         select *
           from prewarm.source_calls c
          where c.org_id = org
            and c.created_at between r.since and r.until
            and not c.is_test_call
          order by c.created_at desc, c.id desc
         offset 0
       ) s
     union all
     (select c.created_at, false, null, null, null, null
        from prewarm.source_appointments c
       where c.org_id = org
         and c.created_at between r.since and r.until
         and c.is_live
       order by c.created_at desc, c.id desc
      offset 0)
   ) as one (at, is_call, direction, seconds, score, is_success)
   group by 3;
end;
