-- Actionable leads, for every SQL user, and the definition that the tests compare with. The last two columns are what the
-- leads model shows besides, and the lead's place in its org.
--
-- A call belongs to a contact of its org by contact_id or by phone. One join with OR would compare every call of an org
-- with every contact; two look-ups a contact, of which the second leaves out what the first has found, are linear.
-- The view is read with the rights of its reader, who has none on our functions: it says the rules again. Days are said in
-- hours: in a session of another zone a day may have 23 or 25 of them.
create view public.view_actionable_leads with (security_invoker = on) as
  select c.id, c.org_id, c.contact_name, c.phone_number, c.email, c.lead_score, c.lead_status, c.service_interests,
         c.last_contact_at, c.created_at,
         k.total_calls, k.last_call_at, k.avg_call_duration, k.sentiment_trend,
         t.lead_temperature,
         u.follow_up_urgency,
         t.lead_temperature as lead_temp,
         k.last_call_summary,
         row_number() over (
           partition by c.org_id
           order by array_position(array['high', 'medium', 'low'], u.follow_up_urgency),
                    c.lead_score desc nulls last, c.created_at desc nulls last, c.id
         ) as lead_rank
    from (
      select id, org_id, phone, left(name, 512) as contact_name, left(phone, 512) as phone_number, left(email, 512) as email,
             lead_score, lead_status,
             case
               when service_interests is not null
               then array(select left(interest, 512) from unnest(service_interests) as interest)
             end as service_interests,
             case when isfinite(last_contact_at)
                  then least(greatest(last_contact_at, '0001-01-01 00:00:00+00'), '9999-12-30 22:00:00+00')
             end as last_contact_at,
             case when isfinite(created_at)
                  then least(greatest(created_at, '0001-01-01 00:00:00+00'), '9999-12-30 22:00:00+00')
             end as created_at
        from public.contacts
       where lead_status in ('new', 'contacted', 'qualified')
    ) c
   cross join lateral (
     select count(*) as total_calls,
            max(m.created_at) as last_call_at,
            avg(m.duration_seconds) as avg_call_duration,
            coalesce(avg(case m.sentiment_label when 'positive' then 1 when 'negative' then -1 else 0 end), 0) as sentiment_trend,
            (array_agg(m.summary order by m.created_at desc nulls last, m.id desc))[1] as last_call_summary
       from (
         select s.id, s.duration_seconds, s.sentiment_label, left(s.summary, 4096) as summary,
                case when isfinite(s.created_at)
                     then least(greatest(s.created_at, '0001-01-01 00:00:00+00'), '9999-12-30 22:00:00+00')
                end as created_at
           from (
             select id, created_at, duration_seconds, sentiment_label, summary
               from public.calls
              where contact_id = c.id
                and org_id = c.org_id
             union all
             select id, created_at, duration_seconds, sentiment_label, summary
               from public.calls
              where org_id = c.org_id
                and phone_number = c.phone
                and contact_id is distinct from c.id
           ) s
       ) m
   ) k
   cross join lateral (
     select case when c.lead_score >= 80 then 'hot' when c.lead_score >= 50 then 'warm' else 'cold' end as lead_temperature
   ) t
   cross join lateral (
     select case
              when c.last_contact_at > now() - interval '24 hours' then 'high'
              when c.last_contact_at > now() - interval '168 hours' then 'medium'
              else 'low'
            end as follow_up_urgency
   ) u;

comment on view public.view_actionable_leads is 'contacts to follow up, with their calls; lead_rank orders the leads of an org';

-- Takes back what default privileges gave away when the tables and the view were made. Nobody has been given anything on
-- purpose yet.
do $$
declare
  granted record;
begin
  for granted in
    select distinct c.oid::regclass as relation, a.grantee
      from pg_class c
     cross join aclexplode(c.relacl) a
     where c.oid = any (array['public.organizations', 'public.contacts', 'public.calls', 'public.appointments',
                              'public.agents', 'public.phone_numbers', 'public.view_actionable_leads']::regclass[])
       and a.grantee <> c.relowner
  loop
    execute format('revoke all on %s from %s', granted.relation,
                   case when granted.grantee = 0 then 'public' else granted.grantee::regrole::text end);
  end loop;
end $$;
