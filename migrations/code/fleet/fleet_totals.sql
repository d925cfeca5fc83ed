-- Totals per org and, where org_id is null, of the fleet: for operators. No panel waits for it. Calls come from the
-- months that are kept of each org, as of its last rebuild; contacts are counted, and the last call is looked up. It
-- holds no clock, so that a refresh rewrites only what has changed.
create or replace view prewarm.fleet_totals as
  with of_contacts as (
    select org_id,
           count(*) as contacts,
           count(*) filter (where is_actionable) as actionable_leads
      from prewarm.source_contacts
     group by org_id
  ),
  of_orgs as (
    select o.id as org_id,
           coalesce(c.contacts, 0) as contacts,
           coalesce(c.actionable_leads, 0) as actionable_leads,
           k.total_calls,
           k.inbound_calls,
           k.talk_seconds,
           (select max(l.created_at)
              from prewarm.source_calls l
             where l.org_id = o.id
               and l.created_at >= prewarm.first_instant()
               and l.created_at <= prewarm.last_instant()
               and not l.is_test_call) as last_call_at
      from prewarm.source_organizations o
      left join of_contacts c on c.org_id = o.id
      -- By the key, org by org: hours are a hundred times as many as months.
     cross join lateral (
       select coalesce(sum(s.total_calls), 0) as total_calls,
              coalesce(sum(s.inbound_calls), 0) as inbound_calls,
              coalesce(sum(s.duration_total), 0) as talk_seconds
         from prewarm.sums s
        where s.org_id = o.id
          and s.level = 3
     ) k
  )
  select org_id,
         sum(contacts)::bigint as contacts,
         sum(actionable_leads)::bigint as actionable_leads,
         sum(total_calls)::bigint as total_calls,
         sum(inbound_calls)::bigint as inbound_calls,
         sum(talk_seconds)::bigint as talk_seconds,
         max(last_call_at) as last_call_at
    from of_orgs
   group by grouping sets ((org_id), ());
