-- The lead of one contact of an org as it is at an instant, from the source; no row if it is no lead. Inlined where it is used.
-- Its calls are those that name it and those of its number; the calls of a frequent caller have been counted.
create or replace function prewarm.lead_at(org uuid, at timestamptz, contact uuid) returns setof prewarm.actionable_leads
language sql stable
begin atomic
  select lead.*
    from (
      select s as row
        from prewarm.source_contacts s
       where s.id = contact
         and s.org_id is not distinct from org
         and s.is_actionable
       limit 1
    ) c
    left join lateral (
      select f from prewarm.frequent_callers f where f.contact_id = contact and f.org_id is not distinct from org offset 0
    ) frequent on true
   cross join lateral (
     select frequent.f as calls where (frequent.f).contact_id is not null
     union all
     select row(contact, org, count(*), coalesce(sum(k.duration_seconds), 0), count(k.duration_seconds),
                coalesce(sum(prewarm.sentiment_of(k.sentiment_label)), 0), max(prewarm.in_order(k.created_at)),
                (array_agg(k.id order by prewarm.in_order(k.created_at) desc, k.id desc))[1])::prewarm.frequent_callers
       from (
         (select o.id, o.created_at, o.duration_seconds, o.sentiment_label
            from prewarm.source_calls o
           where o.contact_id = contact
             and o.org_id is not distinct from org
          offset 0)
         union all
         (select o.id, o.created_at, o.duration_seconds, o.sentiment_label
            from prewarm.source_calls o
           where o.org_id = org
             and o.phone_number between (c.row).phone and (c.row).phone
             and o.contact_id is distinct from contact
           order by o.phone_number
          offset 0)
       ) k
     having (frequent.f).contact_id is null
   ) counted
   cross join lateral prewarm.lead_of(c.row, counted.calls, at) lead;
end;
