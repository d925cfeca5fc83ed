-- The lead of a contact whose calls have been counted, as it is at an instant. Inlined where it is used. The columns are
-- the table's, in its order.
create or replace function prewarm.lead_of(contact prewarm.source_contacts, calls prewarm.frequent_callers, at timestamptz)
returns setof prewarm.actionable_leads
language sql stable
begin atomic
  select contact.id, contact.org_id, contact.name as contact_name, left(contact.phone, 512) as phone_number, contact.email,
         contact.lead_score, coalesce(contact.lead_status, ''), contact.service_interests, contact.last_contact_at,
         contact.created_at,
         calls.calls as total_calls, prewarm.instant(calls.last_at) as last_call_at,
         calls.duration_total, calls.duration_calls,
         calls.duration_total::numeric / nullif(calls.duration_calls, 0) as avg_call_duration,
         calls.sentiment_total, coalesce(calls.sentiment_total::numeric / nullif(calls.calls, 0), 0) as sentiment_trend,
         coalesce(contact.temperature, 'cold') as lead_temperature,
         coalesce(contact.temperature, 'cold') as lead_temp,
         (array['high', 'medium', 'low'])[u.rank] as follow_up_urgency,
         (select k.summary
            from prewarm.source_calls k
           where k.id = calls.last_id) as last_call_summary,
         u.rank as urgency_rank, contact.last_contact_at + prewarm.urgency_lasts(u.rank) as urgency_until,
         contact.estimated_value
    from (select prewarm.urgency_of(contact.last_contact_at, at) as rank) u;
end;
