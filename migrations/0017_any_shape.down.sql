drop function prewarm.maintain;
drop function prewarm.touched_bins;
drop function prewarm.touched_leads;
drop function prewarm.newly_dense;
drop procedure prewarm.write_above;
drop procedure prewarm.write_spans;
drop function prewarm.sums_of;
drop function prewarm.hours_of;
drop function prewarm.leads_of;
drop function prewarm.sums_by_number;
drop function prewarm.numbers_of;
drop function prewarm.sums_by_contact;
drop function prewarm.contacts_of_leads;
drop function prewarm.sentiment_of;
drop function prewarm.urgency_of;
drop function prewarm.temperature_of;

delete from prewarm.sums where level = 4;

comment on column prewarm.sums.level is '0 a bin of ten seconds, 1 an hour, 2 a day, 3 a month; in UTC';

drop index prewarm.actionable_leads_bucket;

create index actionable_leads_bucket on prewarm.actionable_leads (prewarm.bucket_of(id), org_id);

drop index public.appointments_contact_live;
drop index public.appointments_org_live;
drop index public.appointments_contact;
drop index public.appointments_org;

create index appointments_org_created on public.appointments (org_id, created_at desc, id desc);
create index appointments_contact on public.appointments (contact_id, org_id, created_at);

create function prewarm.leads_at(at timestamptz)
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

create or replace procedure prewarm.write_leads(org uuid, at timestamptz, touched uuid[])
language plpgsql as $$
begin
  with wanted as materialized (
    select l.* from prewarm.leads_at(at) l where l.id = any(touched) and l.org_id = org
  ),
  gone as (
    delete from prewarm.actionable_leads held
     where held.id = any(touched)
       -- Not `=`: the key finds the rows, and no other index is to be thought of.
       and held.org_id is not distinct from org
       -- Asked of the source, by its key: a join with what is wanted could be planned for ten and run for ten thousand.
       and not exists (
         select
           from prewarm.source_contacts c
          where c.id = held.id
            and c.org_id = org
            and c.lead_status in ('new', 'contacted', 'qualified')
       )
  )
  insert into prewarm.actionable_leads (
    id, org_id, contact_name, phone_number, email, lead_score, lead_status, service_interests, estimated_value,
    last_contact_at, created_at, total_calls, last_call_at, duration_total, duration_calls, sentiment_total,
    lead_temperature, follow_up_urgency, last_call_summary, urgency_rank, urgency_until
  )
  select *
    from wanted
   -- Only what differs: ON CONFLICT locks a row even where it then changes nothing.
   where not exists (
     select
       from prewarm.actionable_leads same
      where same.id = wanted.id
        and (same.org_id, same.contact_name, same.phone_number, same.email, same.lead_score, same.lead_status,
             same.service_interests, same.estimated_value, same.last_contact_at, same.created_at, same.total_calls,
             same.last_call_at, same.duration_total, same.duration_calls, same.sentiment_total, same.lead_temperature,
             same.follow_up_urgency, same.last_call_summary, same.urgency_rank, same.urgency_until)
            is not distinct from
            (wanted.org_id, wanted.contact_name, wanted.phone_number, wanted.email, wanted.lead_score, wanted.lead_status,
             wanted.service_interests, wanted.estimated_value, wanted.last_contact_at, wanted.created_at,
             wanted.total_calls, wanted.last_call_at, wanted.duration_total, wanted.duration_calls, wanted.sentiment_total,
             wanted.lead_temperature, wanted.follow_up_urgency, wanted.last_call_summary, wanted.urgency_rank,
             wanted.urgency_until)
   )
   -- In one order, so that two rebuilds of an org wait for one another instead of deadlocking.
   order by id
      on conflict (id) do update
     set (org_id, contact_name, phone_number, email, lead_score, lead_status, service_interests, estimated_value,
          last_contact_at, created_at, total_calls, last_call_at, duration_total, duration_calls, sentiment_total,
          lead_temperature, follow_up_urgency, last_call_summary, urgency_rank, urgency_until)
       = (excluded.org_id, excluded.contact_name, excluded.phone_number, excluded.email, excluded.lead_score,
          excluded.lead_status, excluded.service_interests, excluded.estimated_value, excluded.last_contact_at,
          excluded.created_at, excluded.total_calls, excluded.last_call_at, excluded.duration_total,
          excluded.duration_calls, excluded.sentiment_total, excluded.lead_temperature, excluded.follow_up_urgency,
          excluded.last_call_summary, excluded.urgency_rank, excluded.urgency_until);
end $$;

create or replace function prewarm.stale_buckets(org uuid, touched uuid[]) returns int[]
language plpgsql stable as $$
begin
  return array(
    select distinct prewarm.bucket_of(one.id)
      from unnest(touched) as one (id)
     where not exists (
       select
         from prewarm.actionable_leads held
         join prewarm.source_contacts c
           on c.id = held.id
          and c.org_id = held.org_id
          and c.lead_status in ('new', 'contacted', 'qualified')
        where held.id = one.id
          and held.org_id is not distinct from org
          and (c.estimated_value, c.lead_score >= 80) is not distinct from (held.estimated_value, held.lead_score >= 80)
     )
  );
end $$;

create or replace procedure prewarm.write_lead_sums(org uuid, buckets int[])
language plpgsql as $$
begin
  insert into prewarm.lead_sums (org_id, level, bucket, pipeline_total, hot_leads)
  select org, 0, b.bucket, l.pipeline_total, l.hot_leads
    from unnest(buckets) as b (bucket)
   cross join lateral (
     select coalesce(sum(m.estimated_value), 0) as pipeline_total,
            count(*) filter (where m.lead_score >= 80) as hot_leads
       from prewarm.actionable_leads m
      where prewarm.bucket_of(m.id) = b.bucket
        and m.org_id = org
   ) l
      on conflict (org_id, level, bucket) do update
     set (pipeline_total, hot_leads) = (excluded.pipeline_total, excluded.hot_leads);
  insert into prewarm.lead_sums (org_id, level, bucket, pipeline_total, hot_leads)
  select org, 1, b.bucket, l.pipeline_total, l.hot_leads
    from (select distinct bucket / 32 as bucket from unnest(buckets) as bucket) b
   cross join lateral (
     select sum(m.pipeline_total) as pipeline_total,
            sum(m.hot_leads) as hot_leads
       from prewarm.lead_sums m
      where m.org_id = org
        and m.level = 0
        and m.bucket between b.bucket * 32 and b.bucket * 32 + 31
   ) l
      on conflict (org_id, level, bucket) do update
     set (pipeline_total, hot_leads) = (excluded.pipeline_total, excluded.hot_leads);
end $$;

create or replace procedure prewarm.write_sums(org uuid, at timestamptz, bins timestamptz[])
language plpgsql as $$
declare
  parts constant text[] := array['hour', 'day', 'month'];
  -- Of what lies in the bins: hours that are kept by bins, hours that are not, and the first instants of a level.
  dense  timestamptz[];
  sparse timestamptz[];
  starts timestamptz[];
begin
  dense := array(
    select distinct s.start
      from unnest(bins) as bin
      join prewarm.sums s on s.org_id = org and s.level = 0 and s.start = prewarm.hour_of(bin)
  );
  sparse := array(select distinct prewarm.hour_of(bin) from unnest(bins) bin where prewarm.hour_of(bin) <> all (dense));
  insert into prewarm.sums
  select org, one.level, one.start, coalesce(p.total_calls, 0), coalesce(p.inbound_calls, 0),
         coalesce(p.outbound_calls, 0), coalesce(p.answered_calls, 0), coalesce(p.duration_total, 0),
         coalesce(p.duration_calls, 0), coalesce(p.sentiment_total, 0), coalesce(p.sentiment_calls, 0),
         coalesce(p.successful_calls, 0), coalesce(p.appointments, 0)
    from (
      select distinct 0 as level, bin as start, interval '10 seconds' as span
        from unnest(bins) as bin
       where prewarm.hour_of(bin) = any (dense)
      union all
      select 1, start, interval '1 hour' from unnest(sparse) as start
    ) one
    left join lateral prewarm.spans_between(org, one.start, one.start + one.span, one.span) p on true
      on conflict (org_id, level, start) do update
     set (total_calls, inbound_calls, outbound_calls, answered_calls, duration_total, duration_calls, sentiment_total,
          sentiment_calls, successful_calls, appointments)
       = (excluded.total_calls, excluded.inbound_calls, excluded.outbound_calls, excluded.answered_calls,
          excluded.duration_total, excluded.duration_calls, excluded.sentiment_total, excluded.sentiment_calls,
          excluded.successful_calls, excluded.appointments);
  starts := dense;
  for above in 1..3 loop
    if cardinality(starts) > 0 then
      insert into prewarm.sums
      select org, above, p.start, s.*
        from unnest(starts) as p (start)
       cross join lateral (
         select coalesce(sum(b.total_calls), 0), coalesce(sum(b.inbound_calls), 0), coalesce(sum(b.outbound_calls), 0),
                coalesce(sum(b.answered_calls), 0), coalesce(sum(b.duration_total), 0),
                coalesce(sum(b.duration_calls), 0), coalesce(sum(b.sentiment_total), 0),
                coalesce(sum(b.sentiment_calls), 0), coalesce(sum(b.successful_calls), 0),
                coalesce(sum(b.appointments), 0)
           from prewarm.sums b
          where b.org_id = org
            and b.level = above - 1
            and b.start >= p.start
            and b.start < (p.start at time zone 'UTC' + ('1 ' || parts[above])::interval) at time zone 'UTC'
       ) s
          on conflict (org_id, level, start) do update
         set (total_calls, inbound_calls, outbound_calls, answered_calls, duration_total, duration_calls, sentiment_total,
              sentiment_calls, successful_calls, appointments)
           = (excluded.total_calls, excluded.inbound_calls, excluded.outbound_calls, excluded.answered_calls,
              excluded.duration_total, excluded.duration_calls, excluded.sentiment_total, excluded.sentiment_calls,
              excluded.successful_calls, excluded.appointments);
    end if;
    exit when above = 3;
    starts := array(
      select distinct date_trunc(parts[above + 1], start, 'UTC')
        from unnest(case above when 1 then dense || sparse else starts end) start
    );
  end loop;
  -- From now on by bins, while calls still come in: whoever touches an hour of last week reads it whole.
  dense := array(
    select s.start
      from prewarm.sums s
     where s.org_id = org
       and s.level = 1
       and s.start = any (sparse)
       and s.start > at - interval '1 day'
       and s.total_calls + s.appointments > prewarm.dense_hour()
  );
  if cardinality(dense) > 0 then
    call prewarm.write_bins(org, dense);
  end if;
end $$;

create or replace procedure prewarm.make_leads(org uuid, at timestamptz)
language plpgsql set plan_cache_mode = force_generic_plan set enable_seqscan = off set enable_bitmapscan = off as $$
begin
  with wanted as materialized (
    select l.* from prewarm.leads_at(at) l where l.org_id = org
  ),
  held as materialized (
    select id, org_id, contact_name, phone_number, email, lead_score, lead_status, service_interests, estimated_value,
           last_contact_at, created_at, total_calls, last_call_at, duration_total, duration_calls, sentiment_total,
           lead_temperature, follow_up_urgency, last_call_summary, urgency_rank, urgency_until
      from prewarm.actionable_leads
     where org_id = org
  ),
  gone as (
    delete from prewarm.actionable_leads l
     where l.id in (select held.id from held except select wanted.id from wanted)
  )
  insert into prewarm.actionable_leads (
    id, org_id, contact_name, phone_number, email, lead_score, lead_status, service_interests, estimated_value,
    last_contact_at, created_at, total_calls, last_call_at, duration_total, duration_calls, sentiment_total,
    lead_temperature, follow_up_urgency, last_call_summary, urgency_rank, urgency_until
  )
  -- EXCEPT hashes, whatever the statistics say; a join could be planned for ten rows and run for ten thousand.
  select * from wanted except select * from held
   -- In one order, so that two rebuilds wait for one another instead of deadlocking.
   order by id
      -- Held of another org, from which the contact has moved.
      on conflict (id) do update
     set (org_id, contact_name, phone_number, email, lead_score, lead_status, service_interests, estimated_value,
          last_contact_at, created_at, total_calls, last_call_at, duration_total, duration_calls, sentiment_total,
          lead_temperature, follow_up_urgency, last_call_summary, urgency_rank, urgency_until)
       = (excluded.org_id, excluded.contact_name, excluded.phone_number, excluded.email, excluded.lead_score,
          excluded.lead_status, excluded.service_interests, excluded.estimated_value, excluded.last_contact_at,
          excluded.created_at, excluded.total_calls, excluded.last_call_at, excluded.duration_total,
          excluded.duration_calls, excluded.sentiment_total, excluded.lead_temperature, excluded.follow_up_urgency,
          excluded.last_call_summary, excluded.urgency_rank, excluded.urgency_until);

  -- ON CONFLICT doubles the cost of a row.
  if not exists (select from prewarm.lead_sums s where s.org_id = org) then
    insert into prewarm.lead_sums select * from prewarm.lead_sums_of(org);
    return;
  end if;
  with wanted as materialized (
    select * from prewarm.lead_sums_of(org)
  ),
  gone as (
    delete from prewarm.lead_sums s
     where s.org_id = org
       and (s.level, s.bucket) not in (select level, bucket from wanted)
  )
  insert into prewarm.lead_sums
  select * from wanted except select s.* from prewarm.lead_sums s where s.org_id = org
      on conflict (org_id, level, bucket) do update
     set (pipeline_total, hot_leads) = (excluded.pipeline_total, excluded.hot_leads);
end $$;

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

create or replace procedure prewarm.make_sums(org uuid)
language plpgsql set plan_cache_mode = force_generic_plan set enable_seqscan = off set enable_bitmapscan = off as $$
begin
  -- ON CONFLICT doubles the cost of a row.
  if not exists (select from prewarm.sums s where s.org_id = org) then
    insert into prewarm.sums select * from prewarm.sums_of(org);
    return;
  end if;
  with wanted as materialized (
    select * from prewarm.sums_of(org)
  ),
  gone as (
    delete from prewarm.sums s
     where s.org_id = org
       and (s.level, s.start) in (
         select h.level, h.start from prewarm.sums h where h.org_id = org except select level, start from wanted
       )
  )
  insert into prewarm.sums
  select *
    from wanted w
   where not exists (
     select
       from prewarm.sums h
      where h.org_id = org
        and (h.level, h.start) = (w.level, w.start)
        and h is not distinct from w::prewarm.sums
   )
      on conflict (org_id, level, start) do update
     set (total_calls, inbound_calls, outbound_calls, answered_calls, duration_total, duration_calls, sentiment_total,
          sentiment_calls, successful_calls, appointments)
       = (excluded.total_calls, excluded.inbound_calls, excluded.outbound_calls, excluded.answered_calls,
          excluded.duration_total, excluded.duration_calls, excluded.sentiment_total, excluded.sentiment_calls,
          excluded.successful_calls, excluded.appointments);
end $$;

create function prewarm.maintain(org uuid, at timestamptz) returns boolean
language plpgsql as $$
declare
  before  prewarm.maintained;
  anew    boolean;
  touched uuid[];
  bins    timestamptz[];
  buckets int[];
begin
  select * into before from prewarm.maintained m where m.org_id = org;
  anew := before.org_id is null or at < before.as_of
    or exists (select from prewarm.marks m where m.org_id = org and m.wide);
  if not anew then
    touched := array(
      select id from prewarm.marks m cross join unnest(m.contacts) id where m.org_id = org and id is not null
      union
      select c.id
        from prewarm.source_contacts c
       where c.org_id = org
         and c.phone = any (array(select phone from prewarm.marks m cross join unnest(m.phones) phone where m.org_id = org))
      union
      select l.id from prewarm.actionable_leads l where l.org_id = org and l.urgency_until <= at
    );
    bins := array(
      select bin from prewarm.marks m cross join unnest(m.bins) bin where m.org_id = org
      union
      select prewarm.bin_of(k.created_at)
        from prewarm.source_calls k
       where k.org_id = org
         and k.contact_id = any (array(select id from prewarm.marks m cross join unnest(m.booked) id where m.org_id = org))
    );
    anew := cardinality(touched) > greatest(100, before.leads / 4) or cardinality(bins) > greatest(100, before.hours / 4);
  end if;
  if anew then
    call prewarm.maintain_anew(org, at);
    return true;
  end if;
  if cardinality(touched) > 0 then
    buckets := prewarm.stale_buckets(org, touched);
    call prewarm.write_leads(org, at, touched);
    if cardinality(buckets) > 0 then
      call prewarm.write_lead_sums(org, buckets);
    end if;
  end if;
  if cardinality(bins) > 0 then
    call prewarm.write_sums(org, at, bins);
  end if;
  -- A rebuild that wrote nothing keeps no other waiting for this row.
  if cardinality(touched) > 0 or cardinality(bins) > 0 then
    update prewarm.maintained m set as_of = at, rebuilt_at = statement_timestamp() where m.org_id = org;
  end if;
  return false;
end $$;
