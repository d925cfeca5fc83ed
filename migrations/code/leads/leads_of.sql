-- The leads of some contacts of an org, or without a list of all, as they are at an instant, from the source. Inlined
-- where it is used. A call belongs to a contact by contact_id or by number, once if by both: a lead's sums are its own
-- and its number's, less what is both. Contacts that share a number do not each read its calls. Those of frequent callers
-- are not read where a list is given: prewarm.count_frequent_callers has counted them.
-- The columns are the table's, in its order.
create or replace function prewarm.leads_of(org uuid, at timestamptz, touched uuid[]) returns setof prewarm.actionable_leads
language sql stable
begin atomic
  select c.id, c.org_id, c.name as contact_name, left(c.phone, 512) as phone_number, c.email, c.lead_score, c.lead_status,
         c.service_interests, c.last_contact_at, c.created_at, s.calls as total_calls,
         prewarm.instant(s.last_at) as last_call_at,
         s.duration_total, s.duration_calls, s.duration_total::numeric / nullif(s.duration_calls, 0) as avg_call_duration,
         s.sentiment_total, coalesce(s.sentiment_total::numeric / nullif(s.calls, 0), 0) as sentiment_trend,
         t.temperature as lead_temperature, t.temperature as lead_temp,
         (array['high', 'medium', 'low'])[u.rank] as follow_up_urgency,
         (select k.summary
            from prewarm.source_calls k
           where k.id = s.last_id) as last_call_summary,
         u.rank as urgency_rank, c.last_contact_at + prewarm.urgency_lasts(u.rank) as urgency_until, c.estimated_value
    from prewarm.contacts_of_leads(org, touched) c
   cross join lateral (select prewarm.urgency_of(c.last_contact_at, at) as rank) u
   cross join lateral (select prewarm.temperature_of(c.lead_score) as temperature) t
    left join prewarm.sums_by_contact(org, touched) o on o.contact = c.id
    left join prewarm.sums_by_phone(org, prewarm.phones_of(org, touched)) n on n.phone = c.phone
    left join lateral (
      select * from prewarm.frequent_callers k where k.contact_id = c.id and k.org_id is not distinct from org and touched is not null offset 0
    ) f on true
   cross join lateral (
     select f.calls, f.last_at, f.last_id, f.duration_total, f.duration_calls, f.sentiment_total
      where f.contact_id is not null
     union all
     select coalesce(o.calls - o.calls_too, 0) + coalesce(n.calls, 0), greatest(o.last_at, n.last_at),
            case when o.last_id is null or (o.last_at, o.last_id) < (n.last_at, n.last_id) then n.last_id else o.last_id end,
            coalesce(o.duration_total - o.duration_total_too, 0) + coalesce(n.duration_total, 0),
            coalesce(o.duration_calls - o.duration_calls_too, 0) + coalesce(n.duration_calls, 0),
            coalesce(o.sentiment_total - o.sentiment_total_too, 0) + coalesce(n.sentiment_total, 0)
      where f.contact_id is null
   ) s;
end;
