-- Cost follows the change, whatever the data looks like. A plan that is kept was made from the statistics of a moment:
-- of an empty table, of one org, of a value that was common then. So every look-up leaves the planner one index to choose,
-- whatever it believes:
--
-- - `org_id is not distinct from` beside a key or a contact: no index serves that operator, so the key's own index is left.
-- - A value asked for as `between x and x` with an order that begins with it: only the index that starts with the org and
--   this value has that order, since sorting is switched off.
-- - `offset 0` and `limit 1` keep such a look-up in a loop of its own.
--
-- Work on a whole org reads each of its rows once and joins by hash, so that no estimate can make it quadratic.

-- Appointments that count are few among many that were cancelled, or many of one contact: both look-ups are of live ones alone.
drop index public.appointments_org_created;
drop index public.appointments_contact;

-- For the foreign keys.
create index appointments_org on public.appointments (org_id);
create index appointments_contact on public.appointments (contact_id);

create index appointments_org_live
  on public.appointments (org_id, created_at desc, id desc)
  where status in ('pending', 'confirmed', 'in_progress', 'completed');

create index appointments_contact_live
  on public.appointments (contact_id, org_id, created_at)
  where status in ('pending', 'confirmed', 'in_progress', 'completed');

drop index prewarm.actionable_leads_bucket;

create index actionable_leads_bucket on prewarm.actionable_leads (org_id, prewarm.bucket_of(id));

-- A century has 1,200 months: what the pulse shows of all time is summed up from years.
comment on column prewarm.sums.level is '0 a bin of ten seconds, 1 an hour, 2 a day, 3 a month, 4 a year; in UTC';

insert into prewarm.sums
select org_id, 4, date_trunc('year', start, 'UTC'), sum(total_calls), sum(inbound_calls), sum(outbound_calls),
       sum(answered_calls), sum(duration_total), sum(duration_calls), sum(sentiment_total), sum(sentiment_calls),
       sum(successful_calls), sum(appointments)
  from prewarm.sums
 where level = 3
 group by 1, 3;

-- The rules of a lead, for those who make one and those who make all.
create function prewarm.temperature_of(score int) returns text
language sql immutable return case when score >= 80 then 'hot' when score >= 50 then 'warm' else 'cold' end;

create function prewarm.urgency_of(contacted_at timestamptz, at timestamptz) returns int
language sql stable
return case
         when contacted_at > at - interval '24 hours' then 1
         when contacted_at > at - interval '168 hours' then 2
         else 3
       end;

comment on function prewarm.urgency_of is '1 high, 2 medium, 3 low';

drop function prewarm.leads_at;

create function prewarm.sentiment_of(label text) returns int
language sql immutable return case label when 'positive' then 1 when 'negative' then -1 else 0 end;

-- The contacts of an org that are leads: some, or without a list all.
create function prewarm.contacts_of_leads(org uuid, touched uuid[]) returns setof prewarm.source_contacts
language plpgsql stable as $$
begin
  if touched is null then
    return query
    select *
      from prewarm.source_contacts c
     where c.org_id = org
       and c.lead_status in ('new', 'contacted', 'qualified');
  else
    return query
    select c.*
      from unnest(touched) as one (id)
     cross join lateral (
       select *
         from prewarm.source_contacts s
        where s.id = one.id
          and s.org_id is not distinct from org
          and s.lead_status in ('new', 'contacted', 'qualified')
        limit 1
     ) c;
  end if;
end $$;

-- Sums of the calls that name a contact, for some contacts of an org or, without a list, for all; and the part of each sum
-- that the calls of the contact's number hold, too.
create function prewarm.sums_by_contact(org uuid, touched uuid[])
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

-- The numbers of some contacts, each once; none where all are asked for.
create function prewarm.numbers_of(touched uuid[]) returns text[]
language plpgsql stable as $$
begin
  if touched is null then
    return null;
  end if;
  return array(
    select distinct c.phone
      from unnest(touched) as one (id)
     cross join lateral (select s.phone from prewarm.source_contacts s where s.id = one.id limit 1) c
     where c.phone is not null
  );
end $$;

-- Sums of the calls of a number, for some numbers of an org or, without a list, for all.
create function prewarm.sums_by_number(org uuid, numbers text[])
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

-- The leads of some contacts of an org, or without a list of all, as they are at an instant, from the source. Inlined where
-- it is used.
-- A call belongs to a contact by contact_id or by number, once if by both: a lead's sums are its own and its number's, less
-- what is both. Contacts that share a number do not each read its calls.
create function prewarm.leads_of(org uuid, at timestamptz, touched uuid[])
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

-- Makes prewarm.actionable_leads equal to the definition at an instant for some contacts of an org, and writes only what
-- differs. Leads are looked up by key, wanted and held; only their sums are joined, by hash.
create or replace procedure prewarm.write_leads(org uuid, at timestamptz, touched uuid[])
language plpgsql set enable_nestloop = off set enable_hashjoin = on as $$
begin
  with wanted as materialized (
    select l.* from prewarm.leads_of(org, at, touched) l
  ),
  gone as (
    delete from prewarm.actionable_leads held
     where held.id = any(touched)
       -- Not `=`: the key finds the rows, and no other index is to be thought of.
       and held.org_id is not distinct from org
       -- Asked of the source, by its key: a join with what is wanted could be planned for ten and run for ten thousand.
       and (select c.lead_status in ('new', 'contacted', 'qualified') and c.org_id = org
              from prewarm.source_contacts c
             where c.id = held.id) is not true
  )
  insert into prewarm.actionable_leads (
    id, org_id, contact_name, phone_number, email, lead_score, lead_status, service_interests, estimated_value,
    last_contact_at, created_at, total_calls, last_call_at, duration_total, duration_calls, sentiment_total,
    lead_temperature, follow_up_urgency, last_call_summary, urgency_rank, urgency_until
  )
  select *
    from wanted
   -- Only what differs: ON CONFLICT locks a row even where it then changes nothing.
   where (
     select (same.org_id, same.contact_name, same.phone_number, same.email, same.lead_score, same.lead_status,
             same.service_interests, same.estimated_value, same.last_contact_at, same.created_at, same.total_calls,
             same.last_call_at, same.duration_total, same.duration_calls, same.sentiment_total, same.lead_temperature,
             same.follow_up_urgency, same.last_call_summary, same.urgency_rank, same.urgency_until)
            is not distinct from
            (wanted.org_id, wanted.contact_name, wanted.phone_number, wanted.email, wanted.lead_score, wanted.lead_status,
             wanted.service_interests, wanted.estimated_value, wanted.last_contact_at, wanted.created_at,
             wanted.total_calls, wanted.last_call_at, wanted.duration_total, wanted.duration_calls, wanted.sentiment_total,
             wanted.lead_temperature, wanted.follow_up_urgency, wanted.last_call_summary, wanted.urgency_rank,
             wanted.urgency_until)
       from prewarm.actionable_leads same
      where same.id = wanted.id
   ) is not true
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

-- The lead-sum buckets to make again for these contacts: where value or heat differs, which a call changes neither of.
-- One that is not held may have been until a moment ago, when the rebuild of the org it has moved to took it over.
create or replace function prewarm.stale_buckets(org uuid, touched uuid[]) returns int[]
language plpgsql stable as $$
begin
  return array(
    select distinct prewarm.bucket_of(one.id)
      from unnest(touched) as one (id)
     where (
       select (c.estimated_value, c.lead_score >= 80) is not distinct from (held.estimated_value, held.lead_score >= 80)
         from prewarm.actionable_leads held
        cross join lateral (select * from prewarm.source_contacts s where s.id = held.id limit 1) c
        where held.id = one.id
          and held.org_id is not distinct from org
          and c.org_id = org
          and c.lead_status in ('new', 'contacted', 'qualified')
     ) is not true
  );
end $$;

-- Makes the sums of some buckets of an org's leads anew, and what lies above them.
create or replace procedure prewarm.write_lead_sums(org uuid, buckets int[])
language plpgsql as $$
begin
  insert into prewarm.lead_sums (org_id, level, bucket, pipeline_total, hot_leads)
  select org, 0, b.bucket, l.pipeline_total, l.hot_leads
    from unnest(buckets) as b (bucket)
   cross join lateral (
     select coalesce(sum(m.estimated_value), 0) as pipeline_total,
            count(*) filter (where m.lead_score >= 80) as hot_leads
       from (
         select held.estimated_value, held.lead_score
           from prewarm.actionable_leads held
          where held.org_id = org
            and prewarm.bucket_of(held.id) between b.bucket and b.bucket
          order by prewarm.bucket_of(held.id)
         offset 0
       ) m
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

-- Makes all leads of an org equal to the definition at an instant, and the sums of their buckets.
create or replace procedure prewarm.make_leads(org uuid, at timestamptz)
language plpgsql
set plan_cache_mode = force_generic_plan set enable_seqscan = off set enable_bitmapscan = off
set enable_nestloop = off set enable_mergejoin = off set enable_hashjoin = on set enable_sort = on as $$
begin
  with wanted as materialized (
    select l.* from prewarm.leads_of(org, at, null) l
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
     where l.id = any (array(select held.id from held except select wanted.id from wanted))
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

-- The sums of an org between two instants by non-empty spans, hours or bins, from the source.
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

-- All hours of an org, likewise: each call and each appointment is read once.
create function prewarm.hours_of(org uuid)
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

-- All sums of an org, from the source; none by bins, which are made for hours that are touched.
create or replace function prewarm.sums_of(org uuid) returns setof prewarm.sums
language sql stable
begin atomic
  with hours as materialized (
    select p.* from prewarm.hours_of(org) p
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
       values (2::smallint, d.start), (3::smallint, date_trunc('month', d.start, 'UTC')),
              (4::smallint, date_trunc('year', d.start, 'UTC'))
     ) as l (level, start)
     group by l.level, l.start
  )
  select org, 1::smallint, h.* from hours h
  union all
  select org, a.* from above a;
end;

-- Makes all sums of an org equal to the source.
create or replace procedure prewarm.make_sums(org uuid)
language plpgsql
set plan_cache_mode = force_generic_plan set enable_seqscan = off set enable_bitmapscan = off
set enable_nestloop = off set enable_mergejoin = off set enable_hashjoin = on set enable_sort = on as $$
begin
  -- ON CONFLICT doubles the cost of a row.
  if not exists (select from prewarm.sums s where s.org_id = org) then
    -- In the order in which they are read: side by side in the table, too.
    insert into prewarm.sums select * from prewarm.sums_of(org) s order by s.level, s.start;
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
   order by w.level, w.start
      on conflict (org_id, level, start) do update
     set (total_calls, inbound_calls, outbound_calls, answered_calls, duration_total, duration_calls, sentiment_total,
          sentiment_calls, successful_calls, appointments)
       = (excluded.total_calls, excluded.inbound_calls, excluded.outbound_calls, excluded.answered_calls,
          excluded.duration_total, excluded.duration_calls, excluded.sentiment_total, excluded.sentiment_calls,
          excluded.successful_calls, excluded.appointments);
end $$;

-- Makes the sums of some bins, or of some hours that are not kept by bins, from the source.
create procedure prewarm.write_spans(org uuid, bins timestamptz[], hours timestamptz[])
language plpgsql as $$
begin
  insert into prewarm.sums
  select org, one.level, one.start, coalesce(p.total_calls, 0), coalesce(p.inbound_calls, 0),
         coalesce(p.outbound_calls, 0), coalesce(p.answered_calls, 0), coalesce(p.duration_total, 0),
         coalesce(p.duration_calls, 0), coalesce(p.sentiment_total, 0), coalesce(p.sentiment_calls, 0),
         coalesce(p.successful_calls, 0), coalesce(p.appointments, 0)
    from (
      select distinct 0 as level, start, interval '10 seconds' as span from unnest(bins) as start
      union all
      select 1, start, interval '1 hour' from unnest(hours) as start
    ) one
    left join lateral prewarm.spans_between(org, one.start, one.start + one.span, one.span) p on true
      on conflict (org_id, level, start) do update
     set (total_calls, inbound_calls, outbound_calls, answered_calls, duration_total, duration_calls, sentiment_total,
          sentiment_calls, successful_calls, appointments)
       = (excluded.total_calls, excluded.inbound_calls, excluded.outbound_calls, excluded.answered_calls,
          excluded.duration_total, excluded.duration_calls, excluded.sentiment_total, excluded.sentiment_calls,
          excluded.successful_calls, excluded.appointments);
end $$;

-- Makes the sums of a level's spans, hours to years by their first instants, from the level below.
create procedure prewarm.write_above(org uuid, above int, starts timestamptz[])
language plpgsql as $$
declare
  length constant interval := (array['1 hour', '1 day', '1 month', '1 year'])[above];
begin
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
        and b.start < (p.start at time zone 'UTC' + length) at time zone 'UTC'
   ) s
      on conflict (org_id, level, start) do update
     set (total_calls, inbound_calls, outbound_calls, answered_calls, duration_total, duration_calls, sentiment_total,
          sentiment_calls, successful_calls, appointments)
       = (excluded.total_calls, excluded.inbound_calls, excluded.outbound_calls, excluded.answered_calls,
          excluded.duration_total, excluded.duration_calls, excluded.sentiment_total, excluded.sentiment_calls,
          excluded.successful_calls, excluded.appointments);
end $$;

-- The hours among some that have become dense: from now on they are kept by bins, while calls still come in. An hour of
-- last week that is touched is read whole.
create function prewarm.newly_dense(org uuid, at timestamptz, hours timestamptz[]) returns timestamptz[]
language plpgsql stable as $$
begin
  return array(
    select one.start
      from unnest(hours) as one (start)
     where one.start > at - interval '1 day'
       and (
         select s.total_calls + s.appointments > prewarm.dense_hour()
           from prewarm.sums s
          where s.org_id = org
            and s.level = 1
            and s.start = one.start
       )
  );
end $$;

-- Makes the sums of some bins of an org anew, and what lies above them.
create or replace procedure prewarm.write_sums(org uuid, at timestamptz, bins timestamptz[])
language plpgsql as $$
declare
  -- Hours that are kept by bins and their bins, hours that are not, and the first instants of a level.
  dense  timestamptz[];
  fine   timestamptz[];
  sparse timestamptz[];
  starts timestamptz[];
begin
  dense := array(
    select distinct prewarm.hour_of(bin)
      from unnest(bins) as bin
     where (select true from prewarm.sums s where s.org_id = org and s.level = 0 and s.start = prewarm.hour_of(bin))
  );
  sparse := array(select distinct prewarm.hour_of(bin) from unnest(bins) as bin where prewarm.hour_of(bin) <> all (dense));
  fine := array(select bin from unnest(bins) as bin where prewarm.hour_of(bin) = any (dense));
  call prewarm.write_spans(org, fine, sparse);
  if cardinality(dense) > 0 then
    call prewarm.write_above(org, 1, dense);
  end if;
  starts := dense || sparse;
  for above in 2..4 loop
    starts := array(
      select distinct date_trunc((array['hour', 'day', 'month', 'year'])[above], start, 'UTC') from unnest(starts) as start
    );
    call prewarm.write_above(org, above, starts);
  end loop;
  dense := prewarm.newly_dense(org, at, sparse);
  if cardinality(dense) > 0 then
    call prewarm.write_bins(org, dense);
  end if;
end $$;

-- The contacts whose leads marks have touched, by id and by number, and those whose urgency has fallen meanwhile.
create function prewarm.touched_leads(org uuid, at timestamptz) returns uuid[]
language plpgsql stable as $$
begin
  return array(
    select id from prewarm.marks m cross join unnest(m.contacts) id where m.org_id = org and id is not null
    union
    select c.id
      from (
        select distinct phone from prewarm.marks m cross join unnest(m.phones) phone where m.org_id = org and phone is not null
      ) one
     cross join lateral (
       select s.id
         from prewarm.source_contacts s
        where s.org_id = org
          and s.phone between one.phone and one.phone
        order by s.phone
       offset 0
     ) c
    union
    select l.id
      from (
        select held.id
          from prewarm.actionable_leads held
         where held.org_id = org
           and held.urgency_until <= at
         order by held.urgency_until
        offset 0
      ) l
  );
end $$;

-- The bins that marks have touched, by themselves and by appointments, on which the success of their contacts' calls hangs.
create function prewarm.touched_bins(org uuid) returns timestamptz[]
language plpgsql stable as $$
begin
  return array(
    select bin from prewarm.marks m cross join unnest(m.bins) bin where m.org_id = org
    union
    select prewarm.bin_of(k.created_at)
      from (select distinct id from prewarm.marks m cross join unnest(m.booked) id where m.org_id = org) one
     cross join lateral (
       select s.created_at
         from prewarm.source_calls s
        where s.contact_id = one.id
          and s.org_id is not distinct from org
       offset 0
     ) k
  );
end $$;

-- Brings the tables above up to date for one org at an instant, by the marks that the transaction sees, and tells how many
-- leads were touched: null if all was made anew. That is so the first time; where a mark is wide; and where the clock has
-- gone back, since urgency rises then. All leads, or all sums, are made anew where so many are touched that it is cheaper.
drop function prewarm.maintain;

create function prewarm.maintain(org uuid, at timestamptz) returns int
language plpgsql
set plan_cache_mode = force_generic_plan set enable_seqscan = off set enable_bitmapscan = off
set enable_sort = off set enable_hashjoin = off set enable_mergejoin = off as $$
declare
  before  prewarm.maintained;
  touched uuid[];
  bins    timestamptz[];
  buckets int[];
begin
  select * into before from prewarm.maintained m where m.org_id = org;
  if before.org_id is null or at < before.as_of or exists (select from prewarm.marks m where m.org_id = org and m.wide) then
    call prewarm.maintain_anew(org, at);
    return null;
  end if;
  touched := prewarm.touched_leads(org, at);
  bins := prewarm.touched_bins(org);
  if cardinality(touched) > greatest(100, before.leads / 4) then
    call prewarm.make_leads(org, at);
  elsif cardinality(touched) > 0 then
    buckets := prewarm.stale_buckets(org, touched);
    call prewarm.write_leads(org, at, touched);
    if cardinality(buckets) > 0 then
      call prewarm.write_lead_sums(org, buckets);
    end if;
  end if;
  if cardinality(bins) > greatest(100, before.hours / 4) then
    call prewarm.make_sums(org);
  elsif cardinality(bins) > 0 then
    call prewarm.write_sums(org, at, bins);
  end if;
  -- A rebuild that wrote nothing keeps no other waiting for this row.
  if cardinality(touched) > 0 or cardinality(bins) > 0 then
    update prewarm.maintained m set as_of = at, rebuilt_at = statement_timestamp() where m.org_id = org;
  end if;
  return cardinality(touched);
end $$;
