-- Makes prewarm.actionable_leads equal to the definition at an instant for some contacts of an org, and writes only
-- what differs. Leads are looked up by key, wanted and held; only their sums are joined, by hash.
create or replace procedure prewarm.write_leads(org uuid, at timestamptz, touched uuid[])
language plpgsql set enable_nestloop = off set enable_hashjoin = on as $$
begin
  with wanted as materialized (
    select l.* from prewarm.leads_of(org, at, touched) l
  ),
  gone as (
    delete from prewarm.actionable_leads held
     where held.id = any(touched)
       -- Not `=`: the key finds the rows, and no other index is to be thought of.
       and held.org_id is not distinct from org
       -- Asked of the source, by its key: a join with what is wanted could be planned for ten and run for ten thousand.
       and (select c.lead_status in ('new', 'contacted', 'qualified') and c.org_id = org
              from prewarm.source_contacts c
             where c.id = held.id) is not true
  )
  insert into prewarm.actionable_leads (
    id, org_id, contact_name, phone_number, email, lead_score, lead_status, service_interests, estimated_value,
    last_contact_at, created_at, total_calls, last_call_at, duration_total, duration_calls, sentiment_total,
    lead_temperature, follow_up_urgency, last_call_summary, urgency_rank, urgency_until
  )
  select *
    from wanted
   -- Only what differs: ON CONFLICT locks a row even where it then changes nothing.
   where (
     select (same.org_id, same.contact_name, same.phone_number, same.email, same.lead_score, same.lead_status,
             same.service_interests, same.estimated_value, same.last_contact_at, same.created_at, same.total_calls,
             same.last_call_at, same.duration_total, same.duration_calls, same.sentiment_total, same.lead_temperature,
             same.follow_up_urgency, same.last_call_summary, same.urgency_rank, same.urgency_until)
            is not distinct from
            (wanted.org_id, wanted.contact_name, wanted.phone_number, wanted.email, wanted.lead_score, wanted.lead_status,
             wanted.service_interests, wanted.estimated_value, wanted.last_contact_at, wanted.created_at,
             wanted.total_calls, wanted.last_call_at, wanted.duration_total, wanted.duration_calls, wanted.sentiment_total,
             wanted.lead_temperature, wanted.follow_up_urgency, wanted.last_call_summary, wanted.urgency_rank,
             wanted.urgency_until)
       from prewarm.actionable_leads same
      where same.id = wanted.id
   ) is not true
   -- In one order, so that two rebuilds of an org wait for one another instead of deadlocking.
   order by id
      on conflict (id) do update
     set (org_id, contact_name, phone_number, email, lead_score, lead_status, service_interests, estimated_value,
          last_contact_at, created_at, total_calls, last_call_at, duration_total, duration_calls, sentiment_total,
          lead_temperature, follow_up_urgency, last_call_summary, urgency_rank, urgency_until)
       = (excluded.org_id, excluded.contact_name, excluded.phone_number, excluded.email, excluded.lead_score,
          excluded.lead_status, excluded.service_interests, excluded.estimated_value, excluded.last_contact_at,
          excluded.created_at, excluded.total_calls, excluded.last_call_at, excluded.duration_total,
          excluded.duration_calls, excluded.sentiment_total, excluded.lead_temperature, excluded.follow_up_urgency,
          excluded.last_call_summary, excluded.urgency_rank, excluded.urgency_until);
end $$;
