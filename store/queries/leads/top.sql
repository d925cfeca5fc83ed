-- store::leads::top
-- The leads model's rows, read in the order of the index actionable_leads_order.
-- $1 org, $2 how many.
select id, org_id, contact_name, phone_number, email, lead_score, lead_status,
       service_interests as "service_interests: Vec<Option<String>>",
       last_contact_at as "last_contact_at: PgTime",
       created_at as "created_at?: PgTime",
       total_calls,
       last_call_at as "last_call_at: PgTime",
       duration_total, duration_calls, sentiment_total, lead_temperature, follow_up_urgency, last_call_summary,
       urgency_until as "urgency_until: PgTime",
       prewarm.place_of(urgency_rank, lead_score) as "place!"
  from prewarm.actionable_leads
 where org_id = $1
 order by urgency_rank, lead_score desc nulls last, created_at desc nulls last, id
 limit $2
