-- The view as an application would write it, with one join by OR. It has its own schema, since ours has the same name, and
-- repeats our rules: a peer shares nothing with us.
create schema if not exists plan;

create or replace view plan.view_actionable_leads as
  select c.id, c.org_id, c.name as contact_name, c.phone as phone_number, c.email, c.lead_score, c.lead_status,
         c.service_interests, c.last_contact_at, c.created_at,
         count(k.id) as total_calls,
         max(k.created_at) as last_call_at,
         avg(k.duration_seconds) as avg_call_duration,
         avg(case k.sentiment_label when 'positive' then 1 when 'negative' then -1 else 0 end) as sentiment_trend,
         case when c.lead_score >= 80 then 'hot' when c.lead_score >= 50 then 'warm' else 'cold' end as lead_temperature,
         case when c.last_contact_at > now() - interval '24 hours' then 'high'
              when c.last_contact_at > now() - interval '7 days' then 'medium'
              else 'low'
         end as follow_up_urgency
    from public.contacts c
    left join public.calls k on k.org_id = c.org_id and (k.phone_number = c.phone or k.contact_id = c.id)
   where c.lead_status in ('new', 'contacted', 'qualified')
   group by c.id
