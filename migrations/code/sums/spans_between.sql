-- The sums of an org between two instants by non-empty spans, hours or bins, from the source.
create or replace function prewarm.spans_between(org uuid, since timestamptz, until timestamptz, span interval)
returns table (
  start timestamptz, total_calls bigint, inbound_calls bigint, outbound_calls bigint, answered_calls bigint,
  duration_total bigint, duration_calls bigint, sentiment_total numeric, sentiment_calls bigint, successful_calls bigint,
  appointments bigint
)
language sql stable
begin atomic
  select coalesce(k.start, a.start),
         coalesce(k.total_calls, 0), coalesce(k.inbound_calls, 0), coalesce(k.outbound_calls, 0),
         coalesce(k.answered_calls, 0), coalesce(k.duration_total, 0), coalesce(k.duration_calls, 0),
         coalesce(k.sentiment_total, 0), coalesce(k.sentiment_calls, 0), coalesce(k.successful_calls, 0),
         coalesce(a.appointments, 0)
    from (
      select prewarm.span_of(span, s.created_at) as start,
             count(*) as total_calls,
             count(*) filter (where s.call_direction = 'inbound') as inbound_calls,
             count(*) filter (where s.call_direction = 'outbound') as outbound_calls,
             count(*) filter (where s.duration_seconds > 0) as answered_calls,
             sum(s.duration_seconds) as duration_total,
             count(s.duration_seconds) as duration_calls,
             sum(s.sentiment_score) as sentiment_total,
             count(s.sentiment_score) as sentiment_calls,
             count(*) filter (
               where s.call_direction = 'inbound'
                 -- The newest live appointment of the contact: one look into appointments_contact_live.
                 and (
                   select b.created_at
                     from prewarm.source_appointments b
                    where b.org_id = org
                      and b.contact_id between s.contact_id and s.contact_id
                      and prewarm.is_live(b.status)
                      and b.created_at < 'infinity'
                    order by b.contact_id desc, b.created_at desc
                    limit 1
                 ) >= coalesce(s.started_at, prewarm.instant(s.created_at))
                 and (select c.org_id = org from prewarm.source_contacts c where c.id = s.contact_id)
             ) as successful_calls
        from prewarm.reaches(since, until - since) r
       cross join lateral (
          select *
            from prewarm.source_calls c
           where c.org_id = org
             and c.created_at between r.since and r.until
             and not c.is_test_call
           order by c.created_at desc, c.id desc
          offset 0
        ) s
       group by 1
    ) k
    full join (
      select prewarm.span_of(span, b.created_at) as start, count(*) as appointments
        from prewarm.reaches(since, until - since) r
       cross join lateral (
          select c.created_at
            from prewarm.source_appointments c
           where c.org_id = org
             and c.created_at between r.since and r.until
             and prewarm.is_live(c.status)
           order by c.created_at desc, c.id desc
          offset 0
        ) b
       group by 1
    ) a on a.start = k.start;
end;
