-- Writes the leads of some contacts of an org, or without a list of all, that differ from what is held: ON CONFLICT locks a
-- row even where it then changes nothing. A lead may be held of another org, from which its contact has moved. In one
-- order, so that two rebuilds of an org wait for one another instead of deadlocking.
create or replace procedure prewarm.put_leads(org uuid, at timestamptz, touched uuid[])
language plpgsql as $$
begin
  insert into prewarm.actionable_leads
  select *
    from prewarm.changed_leads(org, at, touched)
   order by id
      on conflict (id) do update
     set (id, org_id, contact_name, phone_number, email, lead_score, lead_status, service_interests, last_contact_at,
          created_at, total_calls, last_call_at, duration_total, duration_calls, avg_call_duration, sentiment_total,
          sentiment_trend, lead_temperature, lead_temp, follow_up_urgency, last_call_summary, urgency_rank, urgency_until,
          estimated_value) = row(excluded.*);
end $$;
