-- The leads of some contacts of an org, or without a list of all, as they are at an instant, from the source. Inlined
-- where it is used. A call belongs to a contact by contact_id or by number, once if by both: a lead's sums are its own
-- and its number's, less what is both. Contacts that share a number do not each read its calls.
create or replace function prewarm.leads_of(org uuid, at timestamptz, touched uuid[])
returns table (
  id uuid, org_id uuid, contact_name text, phone_number text, email text, lead_score int, lead_status text,
  service_interests text[], estimated_value numeric, last_contact_at timestamptz, created_at timestamptz, total_calls bigint,
  last_call_at timestamptz, duration_total bigint, duration_calls bigint, sentiment_total bigint, lead_temperature text,
  follow_up_urgency text, last_call_summary text, urgency_rank int, urgency_until timestamptz
)
language sql stable
begin atomic
  select c.id, c.org_id, c.name, left(c.phone, 512), c.email, c.lead_score, c.lead_status, c.service_interests, c.estimated_value,
         c.last_contact_at, c.created_at,
         coalesce(o.calls - o.calls_too, 0) + coalesce(n.calls, 0),
         prewarm.instant(greatest(o.last_at, n.last_at)),
         coalesce(o.duration_total - o.duration_total_too, 0) + coalesce(n.duration_total, 0),
         coalesce(o.duration_calls - o.duration_calls_too, 0) + coalesce(n.duration_calls, 0),
         coalesce(o.sentiment_total - o.sentiment_total_too, 0) + coalesce(n.sentiment_total, 0),
         prewarm.temperature_of(c.lead_score),
         (array['high', 'medium', 'low'])[u.rank],
         (select k.summary
            from prewarm.source_calls k
           where k.id = case when o.last_id is null or (o.last_at, o.last_id) < (n.last_at, n.last_id) then n.last_id
                             else o.last_id
                        end),
         u.rank,
         c.last_contact_at + (array['24 hours', '168 hours', null]::interval[])[u.rank]
    from prewarm.contacts_of_leads(org, touched) c
   cross join lateral (select prewarm.urgency_of(c.last_contact_at, at) as rank) u
    left join prewarm.sums_by_contact(org, touched) o on o.contact = c.id
    left join prewarm.sums_by_number(org, prewarm.numbers_of(touched)) n on n.phone = c.phone;
end;
