-- Materialized views with the figures that Prewarm keeps of one org. Two joins by one column each replace the join by OR,
-- which takes minutes to refresh. The rules are repeated: a peer shares nothing with us.
drop schema if exists SCHEMA cascade;
create schema SCHEMA;

create materialized view SCHEMA.leads as
  with of_leads as (
    select c.id as lead, k.*
      from public.contacts c
      join public.calls k on k.org_id = c.org_id and k.contact_id = c.id
     where c.org_id = 'ORG'
       and c.lead_status in ('new', 'contacted', 'qualified')
    union all
    select c.id, k.*
      from public.contacts c
      join public.calls k on k.org_id = c.org_id and k.phone_number = c.phone and k.contact_id is distinct from c.id
     where c.org_id = 'ORG'
       and c.lead_status in ('new', 'contacted', 'qualified')
  ),
  sums as (
    select lead,
           count(*) as total_calls,
           max(created_at) as last_call_at,
           avg(duration_seconds) as avg_call_duration,
           avg(case sentiment_label when 'positive' then 1 when 'negative' then -1 else 0 end) as sentiment_trend,
           (array_agg(summary order by created_at desc, id desc))[1] as last_call_summary
      from of_leads
     group by lead
  )
  select c.id, c.org_id, c.name as contact_name, c.phone as phone_number, c.email, c.lead_score, c.lead_status,
         c.service_interests, c.estimated_value, c.last_contact_at, c.created_at, s.total_calls, s.last_call_at,
         s.avg_call_duration, s.sentiment_trend, s.last_call_summary
    from public.contacts c
    left join sums s on s.lead = c.id
   where c.org_id = 'ORG'
     and c.lead_status in ('new', 'contacted', 'qualified');

create unique index on SCHEMA.leads (id);

create materialized view SCHEMA.hours as
  select date_trunc('hour', k.created_at, 'UTC') as start,
         count(*) as total_calls,
         count(*) filter (where k.call_direction = 'inbound') as inbound_calls,
         count(*) filter (where k.call_direction = 'outbound') as outbound_calls,
         count(*) filter (where k.duration_seconds > 0) as answered_calls,
         sum(k.duration_seconds) as duration_total,
         count(k.duration_seconds) as duration_calls,
         sum(k.sentiment_score) as sentiment_total,
         count(k.sentiment_score) as sentiment_calls,
         count(b.contact_id) filter (where k.call_direction = 'inbound') as successful_calls
    from public.calls k
    left join (
      select contact_id, max(created_at) as booked_at
        from public.appointments
       where org_id = 'ORG'
         and status in ('pending', 'confirmed', 'in_progress', 'completed')
       group by contact_id
    ) b on b.contact_id = k.contact_id and b.booked_at >= coalesce(k.started_at, k.created_at)
   where k.org_id = 'ORG'
     and not k.is_test_call
   group by 1;

create unique index on SCHEMA.hours (start);
