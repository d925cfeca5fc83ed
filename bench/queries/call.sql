-- bench::rows::maintenance, bench::rows::freshness
-- Inserts a call, just ended, of the contact with a number.
-- $1 org, $2 phone. One row: the transaction.
insert into public.calls (org_id, contact_id, vapi_call_id, phone_number, call_direction, status, duration_seconds,
                          sentiment_label, sentiment_score, summary, ended_reason, cost_cents, started_at, ended_at)
select c.org_id, c.id, gen_random_uuid(), c.phone, 'inbound', 'completed', 90, 'positive', 0.8,
       'Asked for an appointment on Thursday afternoon.', 'customer-ended-call', 21,
       statement_timestamp() - interval '90 seconds', statement_timestamp()
  from public.contacts c
 where c.org_id = $1
   and c.phone = $2
 limit 1
returning pg_current_xact_id()::text
