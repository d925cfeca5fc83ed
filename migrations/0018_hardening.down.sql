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

create or replace function prewarm.sums_of(org uuid) returns setof prewarm.sums
language sql stable as $$
  with hours as materialized (
    select p.* from prewarm.spans_between(org, '-infinity', 'infinity', '1 hour') p
  ),
  days as materialized (
    select date_trunc('day', start, 'UTC') as start, sum(total_calls) as total_calls, sum(inbound_calls) as inbound_calls,
           sum(outbound_calls) as outbound_calls, sum(answered_calls) as answered_calls,
           sum(duration_total) as duration_total, sum(duration_calls) as duration_calls,
           sum(sentiment_total) as sentiment_total, sum(sentiment_calls) as sentiment_calls,
           sum(successful_calls) as successful_calls, sum(appointments) as appointments
      from hours
     group by 1
  ),
  above as (
    select l.level, l.start, sum(d.total_calls)::bigint, sum(d.inbound_calls)::bigint, sum(d.outbound_calls)::bigint,
           sum(d.answered_calls)::bigint, sum(d.duration_total)::bigint, sum(d.duration_calls)::bigint,
           sum(d.sentiment_total), sum(d.sentiment_calls)::bigint, sum(d.successful_calls)::bigint,
           sum(d.appointments)::bigint
      from days d
     cross join lateral (
       values (2::smallint, d.start), (3::smallint, date_trunc('month', d.start, 'UTC'))
     ) as l (level, start)
     group by l.level, l.start
  )
  select org, 1::smallint, h.* from hours h
  union all
  select org, a.* from above a
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

create or replace function prewarm.spans_between(org uuid, since timestamptz, until timestamptz, span interval)
returns table (
  start timestamptz, total_calls bigint, inbound_calls bigint, outbound_calls bigint, answered_calls bigint,
  duration_total bigint, duration_calls bigint, sentiment_total numeric, sentiment_calls bigint, successful_calls bigint,
  appointments bigint
)
language sql stable as $$
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
             -- A look-up a call, by the index appointments_contact.
             count(*) filter (
               where s.call_direction = 'inbound'
                 and exists (
                   select
                     from prewarm.source_appointments b
                     join prewarm.source_contacts c on c.id = b.contact_id and c.org_id = b.org_id
                    where b.contact_id = s.contact_id
                      and b.org_id = s.org_id
                      and b.status in ('pending', 'confirmed', 'in_progress', 'completed')
                      and b.created_at >= coalesce(s.started_at, s.created_at)
                 )
             ) as successful_calls
        from prewarm.source_calls s
       where s.org_id = org
         and s.created_at >= since
         and s.created_at < until
         and not s.is_test_call
       group by 1
    ) k
    full join (
      select date_bin(span, b.created_at, '2000-01-01 00:00:00+00') as start, count(*) as appointments
        from prewarm.source_appointments b
       where b.org_id = org
         and b.created_at >= since
         and b.created_at < until
         and b.status in ('pending', 'confirmed', 'in_progress', 'completed')
       group by 1
    ) a on a.start = k.start
$$;

create or replace function prewarm.leads_at(at timestamptz)
returns table (
  id uuid, org_id uuid, contact_name text, phone_number text, email text, lead_score int, lead_status text,
  service_interests text[], estimated_value numeric, last_contact_at timestamptz, created_at timestamptz, total_calls bigint,
  last_call_at timestamptz, duration_total bigint, duration_calls bigint, sentiment_total bigint, lead_temperature text,
  follow_up_urgency text, last_call_summary text, urgency_rank int, urgency_until timestamptz
)
language sql stable as $$
  select c.id, c.org_id, c.name, c.phone, c.email, c.lead_score, c.lead_status,
         c.service_interests, c.estimated_value, c.last_contact_at, c.created_at, k.total_calls,
         k.last_call_at, k.duration_total, k.duration_calls, k.sentiment_total,
         case when c.lead_score >= 80 then 'hot' when c.lead_score >= 50 then 'warm' else 'cold' end,
         (array['high', 'medium', 'low'])[u.urgency_rank],
         k.last_call_summary,
         u.urgency_rank,
         c.last_contact_at + (array['24 hours', '7 days', null]::interval[])[u.urgency_rank]
    from prewarm.source_contacts c
    -- A call belongs to a contact by contact_id or by phone, once if by both. Two look-ups a contact, each by its own
    -- index, stay linear whatever the statistics say; one join with OR compares every call with every contact.
   cross join lateral (
     select count(*) as total_calls,
            max(m.created_at) as last_call_at,
            coalesce(sum(m.duration_seconds), 0) as duration_total,
            count(m.duration_seconds) as duration_calls,
            coalesce(sum(case m.sentiment_label when 'positive' then 1 when 'negative' then -1 else 0 end), 0) as sentiment_total,
            (array_agg(m.summary order by m.created_at desc, m.id desc))[1] as last_call_summary
       from (
         select s.id, s.created_at, s.duration_seconds, s.sentiment_label, s.summary
           from prewarm.source_calls s
          where s.contact_id = c.id
            and s.org_id = c.org_id
         union all
         select s.id, s.created_at, s.duration_seconds, s.sentiment_label, s.summary
           from prewarm.source_calls s
          where s.org_id = c.org_id
            and s.phone_number = c.phone
            and s.contact_id is distinct from c.id
       ) m
   ) k
   cross join lateral (
     select case
              when c.last_contact_at > at - interval '24 hours' then 1
              when c.last_contact_at > at - interval '7 days' then 2
              else 3
            end as urgency_rank
   ) u
   where c.lead_status in ('new', 'contacted', 'qualified')
$$;

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
