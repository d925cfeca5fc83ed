drop procedure prewarm.seal;

create or replace function prewarm.open_test_call(new_id uuid, org uuid, direction text) returns setof prewarm.test_calls
language plpgsql as $$
declare
  agent prewarm.source_agents;
begin
  select * into agent from prewarm.source_agents a where a.org_id = org and a.call_direction = direction;
  if not found then
    return;
  end if;
  perform prewarm.close_test_calls(agent.id);
  insert into prewarm.test_calls (id, org_id, agent_id, assistant_id)
  values (new_id, org, agent.id, agent.vapi_assistant_id)
      on conflict (agent_id) where stage in ('preparing', 'connecting', 'ready') do nothing;
  if found then
    -- In the same transaction: there is no call without its job, and a queue that gives a job out again if its worker dies.
    -- Before all that wait: a person waits.
    insert into apalis.jobs (id, job_type, job, max_attempts, idempotency_key, priority)
    values (apalis.generate_ulid(), 'prewarm',
            convert_to(json_build_object('kind', 'test_call', 'test_call_id', new_id)::text, 'UTF8'),
            prewarm.quarantine_starts(), 'test_call:' || new_id, 1);
  end if;
  return query
    select *
      from prewarm.test_calls t
     where t.agent_id = agent.id
       and t.stage in ('preparing', 'connecting', 'ready');
end $$;

create or replace function prewarm.fold_agents() returns int
language plpgsql
set plan_cache_mode = force_generic_plan set enable_seqscan = off set enable_bitmapscan = off as $$
declare
  pivot  uuid := gen_random_uuid();
  pushed int;
begin
  insert into apalis.jobs (id, job_type, job, max_attempts, idempotency_key)
  select apalis.generate_ulid(), 'prewarm',
         convert_to(json_build_object('kind', 'prewarm', 'agent_id', agent_id)::text, 'UTF8'),
         prewarm.quarantine_starts(), 'prewarm:' || agent_id
    from (select agent_id from prewarm.marked_agents('00000000-0000-0000-0000-000000000000', 250, 50) as agent_id
          union
          select agent_id from prewarm.marked_agents(pivot, 250, 50) as agent_id) as owed
   order by agent_id
      on conflict (job_type, idempotency_key) do nothing;
  get diagnostics pushed = row_count;
  return pushed;
end $$;

create or replace function prewarm.push_backfill(orgs uuid[]) returns int
language plpgsql set plan_cache_mode = force_generic_plan as $$
declare
  pushed int;
begin
  insert into apalis.jobs (id, job_type, job, max_attempts, idempotency_key, priority)
  select apalis.generate_ulid(), 'rebuild',
         convert_to(json_build_object('kind', 'rebuild', 'org_id', org_id)::text, 'UTF8'),
         prewarm.quarantine_starts(), 'rebuild:' || org_id, -1
    from unnest(orgs) as org_id
   order by org_id
      on conflict (job_type, idempotency_key) do nothing;
  get diagnostics pushed = row_count;
  return pushed;
end $$;

create or replace function prewarm.push_rebuilds(orgs uuid[]) returns int
language plpgsql set plan_cache_mode = force_generic_plan set enable_seqscan = off as $$
declare
  pushed int;
begin
  insert into apalis.jobs (id, job_type, job, max_attempts, idempotency_key, run_at)
  select apalis.generate_ulid(), 'rebuild',
         convert_to(json_build_object('kind', 'rebuild', 'org_id', o.org_id)::text, 'UTF8'),
         prewarm.quarantine_starts(), 'rebuild:' || o.org_id,
         -- No later than a gap from now, should the clock have gone back.
         least(greatest(m.rebuilt_at + prewarm.rebuild_gap(), now()), now() + prewarm.rebuild_gap())
    from unnest(orgs) as o (org_id)
    left join prewarm.maintained m on m.org_id = o.org_id
   order by o.org_id
      on conflict (job_type, idempotency_key) do nothing;
  get diagnostics pushed = row_count;
  return pushed;
end $$;

create or replace function prewarm.mark_agents() returns trigger
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
  if tg_op = 'INSERT' then
    insert into prewarm.agent_marks (agent_id) select id from new_rows;
  elsif tg_op = 'DELETE' then
    insert into prewarm.agent_marks (agent_id) select id from old_rows;
  elsif tg_op = 'UPDATE' then
    insert into prewarm.agent_marks (agent_id)
    select id
      from (select id, to_jsonb(n) - '{vapi_assistant_id,config_hash}'::text[] from new_rows n
            except
            select id, to_jsonb(o) - '{vapi_assistant_id,config_hash}'::text[] from old_rows o) as changed
    union
    select id
      from (select id, to_jsonb(o) - '{vapi_assistant_id,config_hash}'::text[] from old_rows o
            except
            select id, to_jsonb(n) - '{vapi_assistant_id,config_hash}'::text[] from new_rows n) as changed;
  else
    perform prewarm.mark_all_agents();
  end if;
  return null;
end $$;

create or replace function prewarm.marked_agents(since uuid, looks int, n int) returns setof uuid
language sql stable as $$
  with recursive marked as (
    (select agent_id, 1 as look from prewarm.agent_marks where agent_id >= since order by agent_id limit 1)
    union all
    select (select m.agent_id from prewarm.agent_marks m where m.agent_id > marked.agent_id order by m.agent_id limit 1),
           marked.look + 1
      from marked
     where marked.agent_id is not null
       and marked.look < looks
  )
  select agent_id
    from marked
   where agent_id is not null
     and not exists (
       select
         from prewarm.assistants s
        where s.agent_id = marked.agent_id
          and (s.until > statement_timestamp() or s.not_before > statement_timestamp())
     )
   limit n
$$;

create or replace function prewarm.outdated(format int, oldest int) returns setof uuid
language sql stable as $$
  select v.org_id
    from prewarm.versions v
   where v.format < $1
  union all
  -- Not asked, and all versions not read, while everybody is of one format.
  select v.org_id
    from prewarm.versions v
   where $2 < $1
     and v.format >= $1
     and v.oldest > $2
$$;

create or replace function prewarm.marked(since uuid, n int) returns setof uuid
language sql stable as $$
  with recursive marked as (
    (select org_id from prewarm.marks where org_id >= since order by org_id limit 1)
    union all
    select (select m.org_id from prewarm.marks m where m.org_id > marked.org_id order by m.org_id limit 1)
      from marked
     where marked.org_id is not null
  )
  select org_id
    from marked
   where org_id is not null
     and not exists (
       select from prewarm.leases l where l.org_id = marked.org_id and l.until > statement_timestamp()
     )
   limit n
$$;

create or replace function prewarm.lead_sums_of(org uuid) returns setof prewarm.lead_sums
language sql stable as $$
  with buckets as materialized (
    select prewarm.bucket_of(l.id) as bucket, coalesce(sum(l.estimated_value), 0) as pipeline_total,
           count(*) filter (where l.lead_score >= 80) as hot_leads
      from prewarm.actionable_leads l
     where l.org_id = org
     group by prewarm.bucket_of(l.id)
  )
  select org, 0::smallint, b.* from buckets b
  union all
  select org, 1::smallint, bucket / 32, sum(pipeline_total), sum(hot_leads)::bigint from buckets group by bucket / 32
$$;

create or replace function prewarm.hours_of(org uuid)
returns table (
  start timestamptz, total_calls bigint, inbound_calls bigint, outbound_calls bigint, answered_calls bigint,
  duration_total bigint, duration_calls bigint, sentiment_total numeric, sentiment_calls bigint, successful_calls bigint,
  appointments bigint
)
language sql stable
begin atomic
  with live as materialized (
    select b.contact_id, b.created_at
      from prewarm.source_appointments b
     where b.org_id = org
       and b.status in ('pending', 'confirmed', 'in_progress', 'completed')
  ),
  booked as (
    select b.contact_id, max(b.created_at) as at
      from live b
      join prewarm.source_contacts c on c.id = b.contact_id and c.org_id = org
     group by b.contact_id
  ),
  of_calls as (
    select prewarm.hour_of(s.created_at) as start,
           count(*) as total_calls,
           count(*) filter (where s.call_direction = 'inbound') as inbound_calls,
           count(*) filter (where s.call_direction = 'outbound') as outbound_calls,
           count(*) filter (where s.duration_seconds > 0) as answered_calls,
           sum(s.duration_seconds) as duration_total,
           count(s.duration_seconds) as duration_calls,
           sum(s.sentiment_score) as sentiment_total,
           count(s.sentiment_score) as sentiment_calls,
           count(*) filter (
             where s.call_direction = 'inbound'
               and b.at >= coalesce(s.started_at, s.created_at)
           ) as successful_calls
      from prewarm.source_calls s
      left join booked b on b.contact_id = s.contact_id
     where s.org_id = org
       and not s.is_test_call
     group by 1
  ),
  of_appointments as (
    select prewarm.hour_of(b.created_at) as start, count(*) as appointments from live b group by 1
  )
  select coalesce(k.start, a.start),
         coalesce(k.total_calls, 0), coalesce(k.inbound_calls, 0), coalesce(k.outbound_calls, 0),
         coalesce(k.answered_calls, 0), coalesce(k.duration_total, 0), coalesce(k.duration_calls, 0),
         coalesce(k.sentiment_total, 0), coalesce(k.sentiment_calls, 0), coalesce(k.successful_calls, 0),
         coalesce(a.appointments, 0)
    from of_calls k
    full join of_appointments a on a.start = k.start;
end;

create or replace function prewarm.spans_between(org uuid, since timestamptz, until timestamptz, span interval)
returns table (
  start timestamptz, total_calls bigint, inbound_calls bigint, outbound_calls bigint, answered_calls bigint,
  duration_total bigint, duration_calls bigint, sentiment_total numeric, sentiment_calls bigint, successful_calls bigint,
  appointments bigint
)
language sql stable
begin atomic
  select coalesce(k.start, a.start),
         coalesce(k.total_calls, 0), coalesce(k.inbound_calls, 0), coalesce(k.outbound_calls, 0),
         coalesce(k.answered_calls, 0), coalesce(k.duration_total, 0), coalesce(k.duration_calls, 0),
         coalesce(k.sentiment_total, 0), coalesce(k.sentiment_calls, 0), coalesce(k.successful_calls, 0),
         coalesce(a.appointments, 0)
    from (
      select date_bin(span, s.created_at, '2000-01-01 00:00:00+00') as start,
             count(*) as total_calls,
             count(*) filter (where s.call_direction = 'inbound') as inbound_calls,
             count(*) filter (where s.call_direction = 'outbound') as outbound_calls,
             count(*) filter (where s.duration_seconds > 0) as answered_calls,
             sum(s.duration_seconds) as duration_total,
             count(s.duration_seconds) as duration_calls,
             sum(s.sentiment_score) as sentiment_total,
             count(s.sentiment_score) as sentiment_calls,
             count(*) filter (
               where s.call_direction = 'inbound'
                 -- The newest live appointment of the contact: one look into appointments_contact_live.
                 and (
                   select b.created_at
                     from prewarm.source_appointments b
                    where b.org_id = org
                      and b.contact_id between s.contact_id and s.contact_id
                      and b.status in ('pending', 'confirmed', 'in_progress', 'completed')
                    order by b.contact_id desc, b.created_at desc
                    limit 1
                 ) >= coalesce(s.started_at, s.created_at)
                 and (select c.org_id = org from prewarm.source_contacts c where c.id = s.contact_id)
             ) as successful_calls
        from (
          select *
            from prewarm.source_calls c
           where c.org_id = org
             and c.created_at >= since
             and c.created_at < until
             and not c.is_test_call
           order by c.created_at desc, c.id desc
          offset 0
        ) s
       group by 1
    ) k
    full join (
      select date_bin(span, b.created_at, '2000-01-01 00:00:00+00') as start, count(*) as appointments
        from (
          select c.created_at
            from prewarm.source_appointments c
           where c.org_id = org
             and c.created_at >= since
             and c.created_at < until
             and c.status in ('pending', 'confirmed', 'in_progress', 'completed')
           order by c.created_at desc, c.id desc
          offset 0
        ) b
       group by 1
    ) a on a.start = k.start;
end;

create or replace function prewarm.leads_of(org uuid, at timestamptz, touched uuid[])
returns table (
  id uuid, org_id uuid, contact_name text, phone_number text, email text, lead_score int, lead_status text,
  service_interests text[], estimated_value numeric, last_contact_at timestamptz, created_at timestamptz, total_calls bigint,
  last_call_at timestamptz, duration_total bigint, duration_calls bigint, sentiment_total bigint, lead_temperature text,
  follow_up_urgency text, last_call_summary text, urgency_rank int, urgency_until timestamptz
)
language sql stable
begin atomic
  select c.id, c.org_id, c.name, c.phone, c.email, c.lead_score, c.lead_status, c.service_interests, c.estimated_value,
         c.last_contact_at, c.created_at,
         coalesce(o.calls - o.calls_too, 0) + coalesce(n.calls, 0),
         greatest(o.last_at, n.last_at),
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

create or replace function prewarm.sums_by_number(org uuid, numbers text[])
returns table (
  phone text, calls bigint, last_at timestamptz, last_id uuid, duration_total bigint, duration_calls bigint,
  sentiment_total bigint
)
language plpgsql stable as $$
begin
  if numbers is null then
    return query
    select k.phone_number, count(*), max(k.created_at), (array_agg(k.id order by k.created_at desc, k.id desc))[1],
           coalesce(sum(k.duration_seconds), 0), count(k.duration_seconds),
           coalesce(sum(prewarm.sentiment_of(k.sentiment_label)), 0)
      from prewarm.source_calls k
     where k.org_id = org
       and k.phone_number is not null
     group by k.phone_number;
  else
    return query
    select one.phone, s.*
      from unnest(numbers) as one (phone)
     cross join lateral (
       select count(*), max(k.created_at), (array_agg(k.id order by k.created_at desc, k.id desc))[1],
              coalesce(sum(k.duration_seconds), 0), count(k.duration_seconds),
              coalesce(sum(prewarm.sentiment_of(k.sentiment_label)), 0)
         from (
           select *
             from prewarm.source_calls o
            where o.org_id = org
              and o.phone_number between one.phone and one.phone
            order by o.phone_number
           offset 0
         ) k
     ) s;
  end if;
end $$;

create or replace function prewarm.sums_by_contact(org uuid, touched uuid[])
returns table (
  contact uuid, calls bigint, last_at timestamptz, last_id uuid, duration_total bigint, duration_calls bigint,
  sentiment_total bigint, calls_too bigint, duration_total_too bigint, duration_calls_too bigint, sentiment_total_too bigint
)
language plpgsql stable as $$
begin
  if touched is null then
    return query
    select c.id, count(*), max(k.created_at), (array_agg(k.id order by k.created_at desc, k.id desc))[1],
           coalesce(sum(k.duration_seconds), 0), count(k.duration_seconds),
           coalesce(sum(prewarm.sentiment_of(k.sentiment_label)), 0),
           count(*) filter (where k.phone_number = c.phone),
           coalesce(sum(k.duration_seconds) filter (where k.phone_number = c.phone), 0),
           count(k.duration_seconds) filter (where k.phone_number = c.phone),
           coalesce(sum(prewarm.sentiment_of(k.sentiment_label)) filter (where k.phone_number = c.phone), 0)
      from prewarm.source_calls k
      join prewarm.source_contacts c on c.id = k.contact_id
     where k.org_id = org
       and c.org_id = org
     group by c.id;
  else
    return query
    select one.id, s.*
      from unnest(touched) as one (id)
     cross join lateral (
       select count(*), max(k.created_at), (array_agg(k.id order by k.created_at desc, k.id desc))[1],
              coalesce(sum(k.duration_seconds), 0), count(k.duration_seconds),
              coalesce(sum(prewarm.sentiment_of(k.sentiment_label)), 0),
              count(*) filter (where k.phone_number = c.phone),
              coalesce(sum(k.duration_seconds) filter (where k.phone_number = c.phone), 0),
              count(k.duration_seconds) filter (where k.phone_number = c.phone),
              coalesce(sum(prewarm.sentiment_of(k.sentiment_label)) filter (where k.phone_number = c.phone), 0)
         from (select phone from prewarm.source_contacts where id = one.id limit 1) c
        cross join lateral (
          select * from prewarm.source_calls o where o.contact_id = one.id and o.org_id is not distinct from org offset 0
        ) k
     ) s;
  end if;
end $$;

create or replace function prewarm.urgency_of(contacted_at timestamptz, at timestamptz) returns int
language sql stable
return case
         when contacted_at > at - interval '24 hours' then 1
         when contacted_at > at - interval '168 hours' then 2
         else 3
       end;

drop function prewarm.span_of, prewarm.reaches, prewarm.in_order;

drop function prewarm.new_job_id;

drop materialized view prewarm.fleet_pulse;

delete from prewarm.actionable_leads where created_at is null;

alter table prewarm.actionable_leads alter column created_at set not null;

drop index prewarm.actionable_leads_order;

create index actionable_leads_order
  on prewarm.actionable_leads (org_id, urgency_rank, lead_score desc nulls last, created_at desc, id);

drop index prewarm.actionable_leads_hot;

create index actionable_leads_hot
  on prewarm.actionable_leads (org_id, (coalesce(last_contact_at, created_at)) desc, id desc)
  where lead_score >= 80;

create or replace view public.view_actionable_leads with (security_invoker = on) as
  select c.id, c.org_id, c.name as contact_name, c.phone as phone_number, c.email, c.lead_score, c.lead_status,
         c.service_interests, c.last_contact_at, c.created_at,
         k.total_calls, k.last_call_at, k.avg_call_duration, k.sentiment_trend,
         t.lead_temperature,
         u.follow_up_urgency,
         t.lead_temperature as lead_temp,
         k.last_call_summary,
         row_number() over (
           partition by c.org_id
           order by array_position(array['high', 'medium', 'low'], u.follow_up_urgency),
                    c.lead_score desc nulls last, c.created_at desc, c.id
         ) as lead_rank
    from public.contacts c
   cross join lateral (
     select count(*) as total_calls,
            max(m.created_at) as last_call_at,
            avg(m.duration_seconds) as avg_call_duration,
            coalesce(avg(case m.sentiment_label when 'positive' then 1 when 'negative' then -1 else 0 end), 0) as sentiment_trend,
            (array_agg(m.summary order by m.created_at desc, m.id desc))[1] as last_call_summary
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
       ) m
   ) k
   cross join lateral (
     select case when c.lead_score >= 80 then 'hot' when c.lead_score >= 50 then 'warm' else 'cold' end as lead_temperature
   ) t
   cross join lateral (
     select case
              when c.last_contact_at > now() - interval '24 hours' then 'high'
              when c.last_contact_at > now() - interval '7 days' then 'medium'
              else 'low'
            end as follow_up_urgency
   ) u
   where c.lead_status in ('new', 'contacted', 'qualified');

create or replace view prewarm.source_appointments as
  select id, org_id, contact_id, service_type, scheduled_at, status, created_at
    from public.appointments;

create or replace view prewarm.source_calls as
  select id, org_id, contact_id, vapi_call_id, phone_number, call_direction, status, duration_seconds, sentiment_label,
         case when sentiment_score not in ('NaN', 'Infinity', '-Infinity') then sentiment_score end as sentiment_score,
         summary, ended_reason, cost_cents, is_test_call, started_at, ended_at, created_at
    from public.calls;

create or replace view prewarm.source_contacts as
  select id, org_id, name, phone, email, lead_score, lead_status,
         case when array_ndims(service_interests) > 1 or array_lower(service_interests, 1) <> 1
              then array(select unnest(service_interests))
              else service_interests
         end as service_interests,
         case when estimated_value not in ('NaN', 'Infinity', '-Infinity') then estimated_value end as estimated_value,
         last_contact_at, created_at
    from public.contacts;

create or replace view prewarm.source_organizations as
  select id, name, timezone
    from public.organizations;

create materialized view prewarm.fleet_pulse as
  with of_contacts as (
    select org_id,
           count(*) as contacts,
           count(*) filter (where lead_status in ('new', 'contacted', 'qualified')) as actionable_leads
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
           (select max(l.created_at) from prewarm.source_calls l where l.org_id = o.id and not l.is_test_call) as last_call_at
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

create unique index fleet_pulse_org on prewarm.fleet_pulse (org_id) nulls not distinct;

drop view prewarm.stretches;

create or replace function prewarm.hour_of(at timestamptz) returns timestamptz
language sql immutable return date_bin('1 hour', at, '2000-01-01 00:00:00+00');

create or replace function prewarm.bin_of(at timestamptz) returns timestamptz
language sql immutable return date_bin('10 seconds', at, '2000-01-01 00:00:00+00');

drop function prewarm.timeless, prewarm.instant, prewarm.last_instant, prewarm.first_instant;
