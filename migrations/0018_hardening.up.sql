-- The source as read models show it, whatever a tenant wrote into it: cut texts, instants and numbers that JSON can hold.
-- And functions that look nothing up by anybody else's names, and that nobody else may execute.

-- The instants that RFC 3339 writes in any time zone.
create function prewarm.first_instant() returns timestamptz
language sql immutable return timestamptz '0001-01-01 00:00:00+00';

create function prewarm.last_instant() returns timestamptz
language sql immutable return timestamptz '9999-12-30 22:00:00+00';

create function prewarm.instant(at timestamptz) returns timestamptz
language sql immutable
return case when isfinite(at) then least(greatest(at, prewarm.first_instant()), prewarm.last_instant()) end;

comment on function prewarm.instant is 'an instant as models show it: null for infinity, and the nearest one that can be written';

-- Sums of calls without an instant are kept under this one: it starts an hour, a day and a month, and is no call's.
create function prewarm.timeless() returns timestamptz
language sql immutable return timestamptz '4713-01-01 00:00:00+00 BC';

create or replace function prewarm.hour_of(at timestamptz) returns timestamptz
language sql immutable
return case
         when at >= prewarm.first_instant() and at < prewarm.last_instant()
         then date_bin('1 hour', at, '2000-01-01 00:00:00+00')
         else prewarm.timeless()
       end;

create or replace function prewarm.bin_of(at timestamptz) returns timestamptz
language sql immutable
return case
         when at >= prewarm.first_instant() and at < prewarm.last_instant()
         then date_bin('10 seconds', at, '2000-01-01 00:00:00+00')
         else prewarm.timeless()
       end;

-- The stretches of time that a list reads an index by. Rows at infinity have no instant and come last in every list, though
-- the index has half of them first.
create view prewarm.stretches (since, until) as
  values (timestamptz '4714-11-24 00:00:00+00 BC', timestamptz '294276-12-31 23:59:59.999999+00'),
         (timestamptz 'infinity', timestamptz 'infinity'),
         (timestamptz '-infinity', timestamptz '-infinity');

-- Names of zones are short; a longer text is none.
create or replace view prewarm.source_organizations as
  select id, left(name, 512) as name, left(btrim(timezone, E' \t\r\n'), 100) as timezone
    from public.organizations;

-- What a list is found by stays as it is, for the index: org, ids, phones, directions, statuses, and the instant of creation
-- of calls and appointments. A number counts as null where a reader of JSON would take it for infinity or cannot read it.
create or replace view prewarm.source_contacts as
  select id, org_id, left(name, 512) as name, phone, left(email, 512) as email, lead_score, lead_status,
         -- Also makes a plain list of an array with other bounds or dimensions.
         case
           when service_interests is not null
           then array(select left(interest, 512) from unnest(service_interests) as interest)
         end as service_interests,
         case when estimated_value > -1e300 and estimated_value < 1e300 then estimated_value end as estimated_value,
         prewarm.instant(last_contact_at) as last_contact_at, prewarm.instant(created_at) as created_at
    from public.contacts;

create or replace view prewarm.source_calls as
  select id, org_id, contact_id, vapi_call_id, phone_number, call_direction, left(status, 512) as status, duration_seconds,
         left(sentiment_label, 512) as sentiment_label,
         case when sentiment_score > -1e300 and sentiment_score < 1e300 then sentiment_score end as sentiment_score,
         left(summary, 4096) as summary, left(ended_reason, 512) as ended_reason, cost_cents, is_test_call,
         prewarm.instant(started_at) as started_at, prewarm.instant(ended_at) as ended_at, created_at
    from public.calls;

create or replace view prewarm.source_appointments as
  select id, org_id, contact_id, left(service_type, 512) as service_type, prewarm.instant(scheduled_at) as scheduled_at, status,
         created_at
    from public.appointments;

-- It is read with the rights of whoever reads it, who has none on our functions. Days are said in hours: in a session of
-- another zone a day may have 23 or 25 of them.
create or replace view public.view_actionable_leads with (security_invoker = on) as
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

alter table prewarm.actionable_leads alter column created_at drop not null;

drop index prewarm.actionable_leads_order;

create index actionable_leads_order
  on prewarm.actionable_leads (org_id, urgency_rank, lead_score desc nulls last, created_at desc nulls last, id);

drop index prewarm.actionable_leads_hot;

create index actionable_leads_hot
  on prewarm.actionable_leads (org_id, (coalesce(last_contact_at, created_at)) desc nulls last, id desc)
  where lead_score >= 80;

-- An SQL function that is inlined may have no search path of its own. Its body is `begin atomic` then: that is resolved when
-- it is created, and never looked up again.

create or replace function prewarm.leads_at(at timestamptz)
returns table (
  id uuid, org_id uuid, contact_name text, phone_number text, email text, lead_score int, lead_status text,
  service_interests text[], estimated_value numeric, last_contact_at timestamptz, created_at timestamptz, total_calls bigint,
  last_call_at timestamptz, duration_total bigint, duration_calls bigint, sentiment_total bigint, lead_temperature text,
  follow_up_urgency text, last_call_summary text, urgency_rank int, urgency_until timestamptz
)
language sql stable
begin atomic
  select c.id, c.org_id, c.name, left(c.phone, 512), c.email, c.lead_score, c.lead_status,
         c.service_interests, c.estimated_value, c.last_contact_at, c.created_at, k.total_calls,
         k.last_call_at, k.duration_total, k.duration_calls, k.sentiment_total,
         case when c.lead_score >= 80 then 'hot' when c.lead_score >= 50 then 'warm' else 'cold' end,
         (array['high', 'medium', 'low'])[u.urgency_rank],
         k.last_call_summary,
         u.urgency_rank,
         c.last_contact_at + (array['24 hours', '168 hours', null]::interval[])[u.urgency_rank]
    from prewarm.source_contacts c
    -- A call belongs to a contact by contact_id or by phone, once if by both. Two look-ups a contact, each by its own
    -- index, stay linear whatever the statistics say; one join with OR compares every call with every contact.
   cross join lateral (
     select count(*) as total_calls,
            max(m.created_at) as last_call_at,
            coalesce(sum(m.duration_seconds), 0) as duration_total,
            count(m.duration_seconds) as duration_calls,
            coalesce(sum(case m.sentiment_label when 'positive' then 1 when 'negative' then -1 else 0 end), 0) as sentiment_total,
            (array_agg(m.summary order by m.created_at desc nulls last, m.id desc))[1] as last_call_summary
       from (
         select s.id, prewarm.instant(s.created_at) as created_at, s.duration_seconds, s.sentiment_label, s.summary
           from prewarm.source_calls s
          where s.contact_id = c.id
            and s.org_id = c.org_id
         union all
         select s.id, prewarm.instant(s.created_at), s.duration_seconds, s.sentiment_label, s.summary
           from prewarm.source_calls s
          where s.org_id = c.org_id
            and s.phone_number = c.phone
            and s.contact_id is distinct from c.id
       ) m
   ) k
   cross join lateral (
     select case
              when c.last_contact_at > at - interval '24 hours' then 1
              when c.last_contact_at > at - interval '168 hours' then 2
              else 3
            end as urgency_rank
   ) u
   where c.lead_status in ('new', 'contacted', 'qualified');
end;

-- Rows without an instant, and those beyond the calendar, are in the hour of prewarm.timeless().
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
      select s.start,
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
                      and b.org_id = org
                      and b.status in ('pending', 'confirmed', 'in_progress', 'completed')
                      and b.created_at >= s.began
                      and b.created_at < 'infinity'
                 )
             ) as successful_calls
        from (
          select date_bin(span, t.created_at, '2000-01-01 00:00:00+00') as start, t.contact_id, t.call_direction,
                 t.duration_seconds, t.sentiment_score, coalesce(t.started_at, t.created_at) as began
            from prewarm.source_calls t
           where t.org_id = org
             and t.created_at >= greatest(since, prewarm.first_instant())
             and t.created_at < least(until, prewarm.last_instant())
             and not t.is_test_call
          union all
          select prewarm.timeless(), t.contact_id, t.call_direction, t.duration_seconds, t.sentiment_score,
                 coalesce(t.started_at, prewarm.instant(t.created_at))
            from prewarm.source_calls t
           where t.org_id = org
             and t.created_at < prewarm.first_instant()
             and since <= prewarm.timeless()
             and until > prewarm.timeless()
             and not t.is_test_call
          union all
          select prewarm.timeless(), t.contact_id, t.call_direction, t.duration_seconds, t.sentiment_score,
                 coalesce(t.started_at, prewarm.instant(t.created_at))
            from prewarm.source_calls t
           where t.org_id = org
             and t.created_at >= prewarm.last_instant()
             and since <= prewarm.timeless()
             and until > prewarm.timeless()
             and not t.is_test_call
        ) s
       group by s.start
    ) k
    full join (
      select b.start, count(*) as appointments
        from (
          select date_bin(span, t.created_at, '2000-01-01 00:00:00+00') as start, t.status
            from prewarm.source_appointments t
           where t.org_id = org
             and t.created_at >= greatest(since, prewarm.first_instant())
             and t.created_at < least(until, prewarm.last_instant())
          union all
          select prewarm.timeless(), t.status
            from prewarm.source_appointments t
           where t.org_id = org
             and t.created_at < prewarm.first_instant()
             and since <= prewarm.timeless()
             and until > prewarm.timeless()
          union all
          select prewarm.timeless(), t.status
            from prewarm.source_appointments t
           where t.org_id = org
             and t.created_at >= prewarm.last_instant()
             and since <= prewarm.timeless()
             and until > prewarm.timeless()
        ) b
       where b.status in ('pending', 'confirmed', 'in_progress', 'completed')
       group by b.start
    ) a on a.start = k.start;
end;

create or replace function prewarm.lead_sums_of(org uuid) returns setof prewarm.lead_sums
language sql stable
begin atomic
  with buckets as materialized (
    select prewarm.bucket_of(l.id) as bucket, coalesce(sum(l.estimated_value), 0) as pipeline_total,
           count(*) filter (where l.lead_score >= 80) as hot_leads
      from prewarm.actionable_leads l
     where l.org_id = org
     group by prewarm.bucket_of(l.id)
  )
  select org, 0::smallint, b.* from buckets b
  union all
  select org, 1::smallint, bucket / 32, sum(pipeline_total), sum(hot_leads)::bigint from buckets group by bucket / 32;
end;

create or replace function prewarm.sums_of(org uuid) returns setof prewarm.sums
language sql stable
begin atomic
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
  select org, a.* from above a;
end;

create or replace function prewarm.marked(since uuid, n int) returns setof uuid
language sql stable
begin atomic
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
   limit n;
end;

create or replace function prewarm.outdated(format int, oldest int) returns setof uuid
language sql stable
begin atomic
  select v.org_id
    from prewarm.versions v
   where v.format < $1
  union all
  -- Not asked, and all versions not read, while everybody is of one format.
  select v.org_id
    from prewarm.versions v
   where $2 < $1
     and v.format >= $1
     and v.oldest > $2;
end;

create or replace function prewarm.marked_agents(since uuid, looks int, n int) returns setof uuid
language sql stable
begin atomic
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
   limit n;
end;

drop materialized view prewarm.fleet_pulse;

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

create unique index fleet_pulse_org on prewarm.fleet_pulse (org_id) nulls not distinct;

-- The board reads nothing but ULIDs. This one has the shape of one and is random in all of it. apalis' own function looks up
-- what it calls in the session's search path, where anybody may put something better.
create function prewarm.new_job_id() returns text
language sql volatile
return '0' || upper(left(replace(gen_random_uuid()::text, '-', ''), 25));

create or replace function prewarm.push_rebuilds(orgs uuid[]) returns int
language plpgsql set plan_cache_mode = force_generic_plan set enable_seqscan = off as $$
declare
  pushed int;
begin
  insert into apalis.jobs (id, job_type, job, max_attempts, idempotency_key, run_at)
  select prewarm.new_job_id(), 'rebuild',
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

create or replace function prewarm.push_backfill(orgs uuid[]) returns int
language plpgsql set plan_cache_mode = force_generic_plan as $$
declare
  pushed int;
begin
  insert into apalis.jobs (id, job_type, job, max_attempts, idempotency_key, priority)
  select prewarm.new_job_id(), 'rebuild',
         convert_to(json_build_object('kind', 'rebuild', 'org_id', org_id)::text, 'UTF8'),
         prewarm.quarantine_starts(), 'rebuild:' || org_id, -1
    from unnest(orgs) as org_id
   order by org_id
      on conflict (job_type, idempotency_key) do nothing;
  get diagnostics pushed = row_count;
  return pushed;
end $$;

create or replace function prewarm.fold_agents() returns int
language plpgsql
set plan_cache_mode = force_generic_plan set enable_seqscan = off set enable_bitmapscan = off as $$
declare
  pivot  uuid := gen_random_uuid();
  pushed int;
begin
  insert into apalis.jobs (id, job_type, job, max_attempts, idempotency_key)
  select prewarm.new_job_id(), 'prewarm',
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
    values (prewarm.new_job_id(), 'prewarm',
            convert_to(json_build_object('kind', 'test_call', 'test_call_id', new_id)::text, 'UTF8'),
            prewarm.quarantine_starts(), 'test_call:' || new_id, 1);
  end if;
  return query
    select *
      from prewarm.test_calls t
     where t.agent_id = agent.id
       and t.stage in ('preparing', 'connecting', 'ready');
end $$;

-- Our own record of what Vapi holds is no change of the agent. Only columns that we read are compared: another one may be of
-- a type whose casts and operators are somebody else's, and would run with our rights.
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
      from ((select id, org_id, call_direction, name, system_prompt, first_message, voice, model from new_rows
             except
             select id, org_id, call_direction, name, system_prompt, first_message, voice, model from old_rows)
            union all
            (select id, org_id, call_direction, name, system_prompt, first_message, voice, model from old_rows
             except
             select id, org_id, call_direction, name, system_prompt, first_message, voice, model from new_rows)) as changed
     group by id;
  else
    perform prewarm.mark_all_agents();
  end if;
  return null;
end $$;

-- Makes our functions safe to call in any session, and nobody else's to call. `migrate` ends with it, so that it covers
-- whatever a later migration makes; the trigger of an INSERT has no search path, for its price, and looks nothing up.
create procedure prewarm.seal()
language plpgsql set search_path = pg_catalog, pg_temp as $$
declare
  routine regprocedure;
  grantee regrole;
begin
  for routine in
    select p.oid
      from pg_proc p
      join pg_language l on l.oid = p.prolang
     where p.pronamespace = 'prewarm'::regnamespace
       and (l.lanname = 'plpgsql' or l.lanname = 'sql' and p.provolatile = 'v' and p.prosqlbody is null)
       and p.proname not like 'mark\_new\_%'
       and not exists (select from unnest(p.proconfig) as setting where setting like 'search\_path=%')
  loop
    execute format('alter routine %s set search_path = pg_catalog, pg_temp', routine);
  end loop;
  revoke all on schema prewarm from public;
  revoke all on all tables in schema prewarm from public;
  revoke all on all sequences in schema prewarm from public;
  revoke all on all routines in schema prewarm from public;
  -- Default privileges that are no schema's reach into ours as well.
  for grantee in
    select distinct a.grantee
      from pg_default_acl d
     cross join aclexplode(d.defaclacl) a
     where d.defaclnamespace = 0
       and a.grantee not in (0, d.defaclrole)
  loop
    execute format('revoke all on schema prewarm from %s', grantee);
    execute format('revoke all on all tables in schema prewarm from %s', grantee);
    execute format('revoke all on all sequences in schema prewarm from %s', grantee);
    execute format('revoke all on all routines in schema prewarm from %s', grantee);
  end loop;
end $$;

-- What default privileges gave away when the source tables were made. Nobody has been given anything on purpose yet.
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

call prewarm.seal();

-- What is kept of every org was made by other definitions.
insert into prewarm.marks (org_id, what, wide) select org_id, 'definitions', true from prewarm.versions;
