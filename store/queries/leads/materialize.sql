-- store::leads::materialize
-- Makes prewarm.actionable_leads of one org equal to the definition at an instant, and writes only what differs.
-- $1 org, $2 instant. No rows.
with actionable as (
  select *
    from prewarm.source_contacts
   where org_id = $1
     and lead_status in ('new', 'contacted', 'qualified')
),
wanted as (
  select c.id, c.org_id, c.name as contact_name, c.phone as phone_number, c.email, c.lead_score, c.lead_status,
         c.service_interests, c.last_contact_at, c.created_at,
         k.total_calls, k.last_call_at, k.duration_total, k.duration_calls, k.sentiment_total,
         case when c.lead_score >= 80 then 'hot' when c.lead_score >= 50 then 'warm' else 'cold' end as lead_temperature,
         (array['high', 'medium', 'low'])[u.urgency_rank] as follow_up_urgency,
         k.last_call_summary,
         u.urgency_rank,
         c.last_contact_at + (array['24 hours', '7 days', null]::interval[])[u.urgency_rank] as urgency_until
    from actionable c
    -- A call belongs to a contact by contact_id or by phone, once if by both. Two look-ups a contact, each by its own
    -- index, stay linear whatever the statistics say; one join with OR compares every call with every contact.
   cross join lateral (
     select count(*) as total_calls,
            max(m.created_at) as last_call_at,
            coalesce(sum(m.duration_seconds), 0) as duration_total,
            count(m.duration_seconds) as duration_calls,
            coalesce(sum(case m.sentiment_label when 'positive' then 1 when 'negative' then -1 else 0 end), 0) as sentiment_total,
            (array_agg(m.summary order by m.created_at desc, m.id desc))[1] as last_call_summary
       from (
         select id, created_at, duration_seconds, sentiment_label, summary
           from prewarm.source_calls
          where contact_id = c.id
            and org_id = $1
         union all
         select id, created_at, duration_seconds, sentiment_label, summary
           from prewarm.source_calls
          where org_id = $1
            and phone_number = c.phone
            and contact_id is distinct from c.id
       ) m
   ) k
   cross join lateral (
     select case
              when c.last_contact_at > $2::timestamptz - interval '24 hours' then 1
              when c.last_contact_at > $2::timestamptz - interval '7 days' then 2
              else 3
            end as urgency_rank
   ) u
),
gone as (
  delete from prewarm.actionable_leads held
   where held.org_id = $1
     and held.id not in (select id from wanted)
)
insert into prewarm.actionable_leads (
  id, org_id, contact_name, phone_number, email, lead_score, lead_status, service_interests, last_contact_at, created_at,
  total_calls, last_call_at, duration_total, duration_calls, sentiment_total, lead_temperature, follow_up_urgency,
  last_call_summary, urgency_rank, urgency_until
)
select id, org_id, contact_name, phone_number, email, lead_score, lead_status, service_interests, last_contact_at, created_at,
       total_calls, last_call_at, duration_total, duration_calls, sentiment_total, lead_temperature, follow_up_urgency,
       last_call_summary, urgency_rank, urgency_until
  from wanted
 -- Only what differs: ON CONFLICT locks a row even where it then changes nothing.
 where not exists (
   select
     from prewarm.actionable_leads same
    where same.id = wanted.id
      and (same.org_id, same.contact_name, same.phone_number, same.email, same.lead_score, same.lead_status,
           same.service_interests, same.last_contact_at, same.created_at, same.total_calls, same.last_call_at,
           same.duration_total, same.duration_calls, same.sentiment_total, same.lead_temperature, same.follow_up_urgency,
           same.last_call_summary, same.urgency_rank, same.urgency_until)
          is not distinct from
          (wanted.org_id, wanted.contact_name, wanted.phone_number, wanted.email, wanted.lead_score, wanted.lead_status,
           wanted.service_interests, wanted.last_contact_at, wanted.created_at, wanted.total_calls, wanted.last_call_at,
           wanted.duration_total, wanted.duration_calls, wanted.sentiment_total, wanted.lead_temperature,
           wanted.follow_up_urgency, wanted.last_call_summary, wanted.urgency_rank, wanted.urgency_until)
 )
 -- In one order, so that two rebuilds of an org wait for one another instead of deadlocking.
 order by id
    on conflict (id) do update
   set (org_id, contact_name, phone_number, email, lead_score, lead_status, service_interests, last_contact_at, created_at,
        total_calls, last_call_at, duration_total, duration_calls, sentiment_total, lead_temperature, follow_up_urgency,
        last_call_summary, urgency_rank, urgency_until)
     = (excluded.org_id, excluded.contact_name, excluded.phone_number, excluded.email, excluded.lead_score,
        excluded.lead_status, excluded.service_interests, excluded.last_contact_at, excluded.created_at,
        excluded.total_calls, excluded.last_call_at, excluded.duration_total, excluded.duration_calls,
        excluded.sentiment_total, excluded.lead_temperature, excluded.follow_up_urgency, excluded.last_call_summary,
        excluded.urgency_rank, excluded.urgency_until)
