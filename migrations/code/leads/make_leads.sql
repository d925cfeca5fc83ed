-- Makes all leads of an org equal to the definition at an instant, and the sums of their buckets.
create or replace procedure prewarm.make_leads(org uuid, at timestamptz)
language plpgsql
set plan_cache_mode = force_generic_plan set enable_seqscan = off set enable_bitmapscan = off
set enable_nestloop = off set enable_mergejoin = off set enable_hashjoin = on set enable_sort = on as $$
begin
  with wanted as materialized (
    select l.* from prewarm.leads_of(org, at, null) l
  ),
  held as materialized (
    select id, org_id, contact_name, phone_number, email, lead_score, lead_status, service_interests, estimated_value,
           last_contact_at, created_at, total_calls, last_call_at, duration_total, duration_calls, sentiment_total,
           lead_temperature, follow_up_urgency, last_call_summary, urgency_rank, urgency_until
      from prewarm.actionable_leads
     where org_id = org
  ),
  gone as (
    delete from prewarm.actionable_leads l
     where l.id = any (array(select held.id from held except select wanted.id from wanted))
  )
  insert into prewarm.actionable_leads (
    id, org_id, contact_name, phone_number, email, lead_score, lead_status, service_interests, estimated_value,
    last_contact_at, created_at, total_calls, last_call_at, duration_total, duration_calls, sentiment_total,
    lead_temperature, follow_up_urgency, last_call_summary, urgency_rank, urgency_until
  )
  -- EXCEPT hashes, whatever the statistics say; a join could be planned for ten rows and run for ten thousand.
  select * from wanted except select * from held
   -- In one order, so that two rebuilds wait for one another instead of deadlocking.
   order by id
      -- Held of another org, from which the contact has moved.
      on conflict (id) do update
     set (org_id, contact_name, phone_number, email, lead_score, lead_status, service_interests, estimated_value,
          last_contact_at, created_at, total_calls, last_call_at, duration_total, duration_calls, sentiment_total,
          lead_temperature, follow_up_urgency, last_call_summary, urgency_rank, urgency_until)
       = (excluded.org_id, excluded.contact_name, excluded.phone_number, excluded.email, excluded.lead_score,
          excluded.lead_status, excluded.service_interests, excluded.estimated_value, excluded.last_contact_at,
          excluded.created_at, excluded.total_calls, excluded.last_call_at, excluded.duration_total,
          excluded.duration_calls, excluded.sentiment_total, excluded.lead_temperature, excluded.follow_up_urgency,
          excluded.last_call_summary, excluded.urgency_rank, excluded.urgency_until);

  -- ON CONFLICT doubles the cost of a row.
  if not exists (select from prewarm.lead_sums s where s.org_id = org) then
    insert into prewarm.lead_sums select * from prewarm.lead_sums_of(org);
    return;
  end if;
  with wanted as materialized (
    select * from prewarm.lead_sums_of(org)
  ),
  gone as (
    delete from prewarm.lead_sums s
     where s.org_id = org
       and (s.level, s.bucket) not in (select level, bucket from wanted)
  )
  insert into prewarm.lead_sums
  select * from wanted except select s.* from prewarm.lead_sums s where s.org_id = org
      on conflict (org_id, level, bucket) do update
     set (pipeline_total, hot_leads) = (excluded.pipeline_total, excluded.hot_leads);
end $$;
