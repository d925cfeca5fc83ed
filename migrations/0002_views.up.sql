-- The seam to the source: everything of ours reads these views, so that another schema is attached by mapping them.

revoke all on schema prewarm from public;

create view prewarm.source_organizations as
  select id, name, timezone
    from public.organizations;

-- A numeric that is not a number cannot be written as JSON: it counts as null. An array with other bounds than 1 is a
-- list all the same.
create view prewarm.source_contacts as
  select id, org_id, name, phone, email, lead_score, lead_status,
         case when array_ndims(service_interests) > 1 or array_lower(service_interests, 1) <> 1
              then array(select unnest(service_interests))
              else service_interests
         end as service_interests,
         case when estimated_value not in ('NaN', 'Infinity', '-Infinity') then estimated_value end as estimated_value,
         last_contact_at, created_at
    from public.contacts;

create view prewarm.source_calls as
  select id, org_id, contact_id, vapi_call_id, phone_number, call_direction, status, duration_seconds, sentiment_label,
         case when sentiment_score not in ('NaN', 'Infinity', '-Infinity') then sentiment_score end as sentiment_score,
         summary, ended_reason, cost_cents, is_test_call, started_at, ended_at, created_at
    from public.calls;

create view prewarm.source_appointments as
  select id, org_id, contact_id, service_type, scheduled_at, status, created_at
    from public.appointments;

create view prewarm.source_agents as
  select id, org_id, call_direction, name, system_prompt, first_message, voice, model, vapi_assistant_id, config_hash
    from public.agents;

create view prewarm.source_phone_numbers as
  select id, org_id, phone_number, vapi_phone_number_id, agent_id
    from public.phone_numbers;

-- Actionable leads, for every SQL user and as the definition that the tests compare with. The plan's name, columns and
-- predicates; then what the leads model shows besides, and the lead's place in its org.
-- A call belongs to a contact of its org by contact_id or by phone. One join with OR would compare every call of an org
-- with every contact; two look-ups a contact, of which the second leaves out what the first has found, are linear.
create view public.view_actionable_leads with (security_invoker = on) as
  select c.id, c.org_id, c.name as contact_name, c.phone as phone_number, c.email, c.lead_score, c.lead_status,
         c.service_interests, c.last_contact_at, c.created_at,
         k.total_calls, k.last_call_at, k.avg_call_duration, k.sentiment_trend,
         t.lead_temperature,
         u.follow_up_urgency,
         t.lead_temperature as lead_temp,
         k.last_call_summary,
         row_number() over (
           partition by c.org_id
           order by array_position(array['high', 'medium', 'low'], u.follow_up_urgency),
                    c.lead_score desc nulls last, c.created_at desc, c.id
         ) as lead_rank
    from public.contacts c
   cross join lateral (
     select count(*) as total_calls,
            max(m.created_at) as last_call_at,
            avg(m.duration_seconds) as avg_call_duration,
            coalesce(avg(case m.sentiment_label when 'positive' then 1 when 'negative' then -1 else 0 end), 0) as sentiment_trend,
            (array_agg(m.summary order by m.created_at desc, m.id desc))[1] as last_call_summary
       from (
         select id, created_at, duration_seconds, sentiment_label, summary
           from public.calls
          where contact_id = c.id
            and org_id = c.org_id
         union all
         select id, created_at, duration_seconds, sentiment_label, summary
           from public.calls
          where org_id = c.org_id
            and phone_number = c.phone
            and contact_id is distinct from c.id
       ) m
   ) k
   cross join lateral (
     select case when c.lead_score >= 80 then 'hot' when c.lead_score >= 50 then 'warm' else 'cold' end as lead_temperature
   ) t
   cross join lateral (
     select case
              when c.last_contact_at > now() - interval '24 hours' then 'high'
              when c.last_contact_at > now() - interval '7 days' then 'medium'
              else 'low'
            end as follow_up_urgency
   ) u
   where c.lead_status in ('new', 'contacted', 'qualified');

comment on view public.view_actionable_leads is 'contacts to follow up, with their calls; lead_rank orders the leads of an org';

-- Totals per org and, where org_id is null, of the fleet: for operators. No panel waits for it.
-- It holds no clock, so that a refresh rewrites only what has changed.
create materialized view prewarm.fleet_pulse as
  with of_calls as (
    select org_id,
           count(*) as total_calls,
           count(*) filter (where call_direction = 'inbound') as inbound_calls,
           coalesce(sum(duration_seconds), 0) as talk_seconds,
           max(created_at) as last_call_at
      from prewarm.source_calls
     where not is_test_call
     group by org_id
  ),
  of_contacts as (
    select org_id,
           count(*) as contacts,
           count(*) filter (where lead_status in ('new', 'contacted', 'qualified')) as actionable_leads
      from prewarm.source_contacts
     group by org_id
  ),
  of_orgs as (
    select o.id as org_id,
           coalesce(c.contacts, 0) as contacts,
           coalesce(c.actionable_leads, 0) as actionable_leads,
           coalesce(k.total_calls, 0) as total_calls,
           coalesce(k.inbound_calls, 0) as inbound_calls,
           coalesce(k.talk_seconds, 0) as talk_seconds,
           k.last_call_at
      from prewarm.source_organizations o
      left join of_contacts c on c.org_id = o.id
      left join of_calls k on k.org_id = o.id
  )
  select org_id,
         sum(contacts)::bigint as contacts,
         sum(actionable_leads)::bigint as actionable_leads,
         sum(total_calls)::bigint as total_calls,
         sum(inbound_calls)::bigint as inbound_calls,
         sum(talk_seconds)::bigint as talk_seconds,
         max(last_call_at) as last_call_at
    from of_orgs
   group by grouping sets ((org_id), ());

-- REFRESH … CONCURRENTLY matches the rows by it; the fleet's row has no org.
create unique index fleet_pulse_org on prewarm.fleet_pulse (org_id) nulls not distinct;
