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

-- As an instant sorts: what has none comes last.
create function prewarm.in_order(at timestamptz) returns timestamptz
language sql immutable return coalesce(prewarm.instant(at), timestamptz '-infinity');

-- The stretches of time, ends included, that a span's rows lie in: its own; or those beyond the calendar, which
-- prewarm.timeless() stands for.
create function prewarm.reaches(start timestamptz, span interval) returns table (since timestamptz, until timestamptz)
language sql immutable
begin atomic
  select start, start + span - interval '1 microsecond' where start <> prewarm.timeless()
  union all
  select timestamptz '-infinity', prewarm.first_instant() - interval '1 microsecond' where start = prewarm.timeless()
  union all
  select prewarm.last_instant(), timestamptz 'infinity' where start = prewarm.timeless();
end;

create or replace function prewarm.urgency_of(contacted_at timestamptz, at timestamptz) returns int
language sql stable
return case
         when contacted_at > at - interval '24 hours' then 1
         when contacted_at > at - interval '168 hours' then 2
         else 3
       end;

create or replace function prewarm.sums_by_contact(org uuid, touched uuid[])
returns table (
  contact uuid, calls bigint, last_at timestamptz, last_id uuid, duration_total bigint, duration_calls bigint,
  sentiment_total bigint, calls_too bigint, duration_total_too bigint, duration_calls_too bigint, sentiment_total_too bigint
)
language plpgsql stable as $$
begin
  if touched is null then
    return query
    select c.id, count(*), max(prewarm.in_order(k.created_at)), (array_agg(k.id order by prewarm.in_order(k.created_at) desc, k.id desc))[1],
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
       select count(*), max(prewarm.in_order(k.created_at)), (array_agg(k.id order by prewarm.in_order(k.created_at) desc, k.id desc))[1],
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

create or replace function prewarm.sums_by_number(org uuid, numbers text[])
returns table (
  phone text, calls bigint, last_at timestamptz, last_id uuid, duration_total bigint, duration_calls bigint,
  sentiment_total bigint
)
language plpgsql stable as $$
begin
  if numbers is null then
    return query
    select k.phone_number, count(*), max(prewarm.in_order(k.created_at)), (array_agg(k.id order by prewarm.in_order(k.created_at) desc, k.id desc))[1],
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
       select count(*), max(prewarm.in_order(k.created_at)), (array_agg(k.id order by prewarm.in_order(k.created_at) desc, k.id desc))[1],
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

-- The span that an instant lies in, counted from the millennium.
create function prewarm.span_of(span interval, at timestamptz) returns timestamptz
language sql immutable
return case
         when at >= prewarm.first_instant() and at < prewarm.last_instant()
         then date_bin(span, at, '2000-01-01 00:00:00+00')
         else prewarm.timeless()
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
      select prewarm.span_of(span, s.created_at) as start,
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
                      and b.created_at < 'infinity'
                    order by b.contact_id desc, b.created_at desc
                    limit 1
                 ) >= coalesce(s.started_at, prewarm.instant(s.created_at))
                 and (select c.org_id = org from prewarm.source_contacts c where c.id = s.contact_id)
             ) as successful_calls
        from prewarm.reaches(since, until - since) r
       cross join lateral (
          select *
            from prewarm.source_calls c
           where c.org_id = org
             and c.created_at between r.since and r.until
             and not c.is_test_call
           order by c.created_at desc, c.id desc
          offset 0
        ) s
       group by 1
    ) k
    full join (
      select prewarm.span_of(span, b.created_at) as start, count(*) as appointments
        from prewarm.reaches(since, until - since) r
       cross join lateral (
          select c.created_at
            from prewarm.source_appointments c
           where c.org_id = org
             and c.created_at between r.since and r.until
             and c.status in ('pending', 'confirmed', 'in_progress', 'completed')
           order by c.created_at desc, c.id desc
          offset 0
        ) b
       group by 1
    ) a on a.start = k.start;
end;

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
    select b.contact_id, max(b.created_at) filter (where b.created_at < 'infinity') as at
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
               and b.at >= coalesce(s.started_at, prewarm.instant(s.created_at))
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
