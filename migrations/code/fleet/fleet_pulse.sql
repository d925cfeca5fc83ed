-- The totals as of the last refresh, so that no operator's look reads every contact.
call prewarm.put_materialized_view('prewarm.fleet_pulse', '
  select org_id, contacts, actionable_leads, total_calls, inbound_calls, talk_seconds, last_call_at
    from prewarm.fleet_totals');

-- REFRESH … CONCURRENTLY matches the rows by it; the fleet's row has no org.
create unique index if not exists fleet_pulse_org on prewarm.fleet_pulse (org_id) nulls not distinct;
