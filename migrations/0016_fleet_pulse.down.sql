drop materialized view prewarm.fleet_pulse;

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

create unique index fleet_pulse_org on prewarm.fleet_pulse (org_id) nulls not distinct;
