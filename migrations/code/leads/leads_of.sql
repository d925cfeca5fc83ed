-- The leads of many contacts of an org, or without a list of all, as they are at an instant, from the source. Inlined where
-- it is used. A call belongs to a contact by contact_id or by number, once if by both: a lead's sums are its own and its
-- number's, less what is both. Contacts that share a number do not each read its calls. Those of frequent callers are not
-- read where a list is given: prewarm.count_frequent_callers has counted them.
create or replace function prewarm.leads_of(org uuid, at timestamptz, touched uuid[]) returns setof prewarm.actionable_leads
language sql stable
begin atomic
  select lead.*
    from prewarm.contacts_of_leads(org, touched) c
    left join prewarm.sums_by_contact(org, touched) o on o.contact = c.id
    left join prewarm.sums_by_phone(org, prewarm.phones_of(org, touched)) n on n.phone = c.phone
    left join lateral (
      select k
        from prewarm.frequent_callers k
       where k.contact_id = c.id
         and k.org_id is not distinct from org
         and touched is not null
      offset 0
    ) frequent on true
   cross join lateral (
     select frequent.k as calls where (frequent.k).contact_id is not null
     union all
     select row(c.id, c.org_id, coalesce(o.calls - o.calls_too, 0) + coalesce(n.calls, 0),
                coalesce(o.duration_total - o.duration_total_too, 0) + coalesce(n.duration_total, 0),
                coalesce(o.duration_calls - o.duration_calls_too, 0) + coalesce(n.duration_calls, 0),
                coalesce(o.sentiment_total - o.sentiment_total_too, 0) + coalesce(n.sentiment_total, 0),
                greatest(o.last_at, n.last_at),
                case when o.last_id is null or (o.last_at, o.last_id) < (n.last_at, n.last_id) then n.last_id else o.last_id end
            )::prewarm.frequent_callers
      where (frequent.k).contact_id is null
   ) counted
   cross join lateral prewarm.lead_of(c, counted.calls, at) lead;
end;
