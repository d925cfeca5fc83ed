-- Keeping what the models are read from by what a change has touched, so that an event costs the same in an org of five
-- hundred contacts and in one of a hundred thousand. Whatever is touched is computed anew from the source, and the sums
-- above it from the sums below: nothing is added or taken away, so doing it twice changes nothing and nothing drifts.

-- What a writer's statement touched. Old and new rows both count: a call that moves between contacts touches both.
alter table prewarm.marks
  add column contacts uuid[],
  add column phones   text[],
  add column booked   uuid[],
  add column bins    timestamptz[],
  -- Of marks that were made before nobody knows.
  add column wide     boolean not null default true;

alter table prewarm.marks alter column wide set default false;

comment on column prewarm.marks.contacts is 'contacts whose lead has to be made anew';
comment on column prewarm.marks.phones is 'numbers whose contacts'' leads have to be made anew';
comment on column prewarm.marks.booked is 'contacts whose appointments changed, and with them the success of their calls';
comment on column prewarm.marks.bins is 'bins of time whose sums have to be made anew';
comment on column prewarm.marks.wide is 'too much to be listed: the whole org has to be made anew';

-- Rows of one statement that are listed; of more, only that they were many.
create function prewarm.is_wide(rows bigint) returns boolean
language sql immutable return rows > 100;

-- The UTC hour, and the bin of ten seconds, that an instant lies in. Not date_trunc: that is not immutable where it is
-- told the zone, and what is not immutable is not inlined.
create function prewarm.hour_of(at timestamptz) returns timestamptz
language sql immutable return date_bin('1 hour', at, '2000-01-01 00:00:00+00');

create function prewarm.bin_of(at timestamptz) returns timestamptz
language sql immutable return date_bin('10 seconds', at, '2000-01-01 00:00:00+00');

-- One mark a row: to gather an org's rows in one costs each writer more than it saves the rebuild. Of many rows the first
-- are listed before it is known that they are many; that does no harm.
--
-- Inserting is what writers do all day, and to set a search path for the function takes as long as the rest of it. These
-- name nothing that is looked up by the writer's: functions by their schema, no operators, and transition tables come first.
create function prewarm.mark_new_calls() returns trigger
language plpgsql security definer as $$
declare
  listed bigint;
begin
  insert into prewarm.marks (org_id, what, contacts, phones, bins)
  select org_id, 'calls', array[contact_id], array[phone_number], array[prewarm.bin_of(created_at)]
    from new_rows
   limit 101;
  get diagnostics listed = row_count;
  if prewarm.is_wide(listed) then
    insert into prewarm.marks (org_id, what, wide) select distinct org_id, 'calls', true from new_rows;
  end if;
  return null;
end $$;

create function prewarm.mark_new_contacts() returns trigger
language plpgsql security definer as $$
declare
  listed bigint;
begin
  insert into prewarm.marks (org_id, what, contacts)
  select org_id, 'contacts', array[id]
    from new_rows
   limit 101;
  get diagnostics listed = row_count;
  if prewarm.is_wide(listed) then
    insert into prewarm.marks (org_id, what, wide) select distinct org_id, 'contacts', true from new_rows;
  end if;
  return null;
end $$;

create function prewarm.mark_new_appointments() returns trigger
language plpgsql security definer as $$
declare
  listed bigint;
begin
  insert into prewarm.marks (org_id, what, booked, bins)
  select org_id, 'appointments', array[contact_id], array[prewarm.bin_of(created_at)]
    from new_rows
   limit 101;
  get diagnostics listed = row_count;
  if prewarm.is_wide(listed) then
    insert into prewarm.marks (org_id, what, wide) select distinct org_id, 'appointments', true from new_rows;
  end if;
  return null;
end $$;

-- An update lists the row as it was and as it is; one that moves to another org, or gets another id, has no partner, and is
-- listed for both orgs.
create function prewarm.mark_calls() returns trigger
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  listed bigint;
  rows   bigint;
begin
  if tg_op = 'DELETE' then
    insert into prewarm.marks (org_id, what, contacts, phones, bins)
    select org_id, 'calls', array[contact_id], array[phone_number], array[prewarm.bin_of(created_at)]
      from old_rows
     limit 101;
    get diagnostics listed = row_count;
    if prewarm.is_wide(listed) then
      insert into prewarm.marks (org_id, what, wide) select distinct org_id, 'calls', true from old_rows;
    end if;
  else
    insert into prewarm.marks (org_id, what, contacts, phones, bins)
    select n.org_id, 'calls', array[o.contact_id, n.contact_id], array[o.phone_number, n.phone_number],
           array[prewarm.bin_of(o.created_at), prewarm.bin_of(n.created_at)]
      from new_rows n
      join old_rows o on o.id = n.id and o.org_id = n.org_id
     limit 101;
    get diagnostics listed = row_count;
    rows := (select count(*) from (select from new_rows limit 101) few);
    if prewarm.is_wide(rows) then
      insert into prewarm.marks (org_id, what, wide)
      select org_id, 'calls', true from new_rows union select org_id, 'calls', true from old_rows;
    elsif listed < rows then
      insert into prewarm.marks (org_id, what, contacts, phones, bins)
      select org_id, 'calls', array[contact_id], array[phone_number], array[prewarm.bin_of(created_at)]
        from (select org_id, contact_id, phone_number, created_at from new_rows
              union
              select org_id, contact_id, phone_number, created_at from old_rows) as both_rows;
    end if;
  end if;
  return null;
end $$;

-- Of a contact that is deleted its calls lose it, and its appointments go with it: that marks what else there is to do. One
-- that moves to another org leaves calls and appointments behind, of which none counts as its success.
create function prewarm.mark_contacts() returns trigger
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  listed bigint;
  rows   bigint;
begin
  if tg_op = 'DELETE' then
    insert into prewarm.marks (org_id, what, contacts)
    select org_id, 'contacts', array[id]
      from old_rows
     limit 101;
    get diagnostics listed = row_count;
    if prewarm.is_wide(listed) then
      insert into prewarm.marks (org_id, what, wide) select distinct org_id, 'contacts', true from old_rows;
    end if;
  else
    insert into prewarm.marks (org_id, what, contacts)
    select n.org_id, 'contacts', array[n.id]
      from new_rows n
      join old_rows o on o.id = n.id and o.org_id = n.org_id
     limit 101;
    get diagnostics listed = row_count;
    rows := (select count(*) from (select from new_rows limit 101) few);
    if prewarm.is_wide(rows) then
      insert into prewarm.marks (org_id, what, wide)
      select org_id, 'contacts', true from new_rows union select org_id, 'contacts', true from old_rows;
    elsif listed < rows then
      insert into prewarm.marks (org_id, what, contacts, booked)
      select org_id, 'contacts', array[id], array[id]
        from (select org_id, id from new_rows union select org_id, id from old_rows) as both_rows;
    end if;
  end if;
  return null;
end $$;

create function prewarm.mark_appointments() returns trigger
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  listed bigint;
  rows   bigint;
begin
  if tg_op = 'DELETE' then
    insert into prewarm.marks (org_id, what, booked, bins)
    select org_id, 'appointments', array[contact_id], array[prewarm.bin_of(created_at)]
      from old_rows
     limit 101;
    get diagnostics listed = row_count;
    if prewarm.is_wide(listed) then
      insert into prewarm.marks (org_id, what, wide) select distinct org_id, 'appointments', true from old_rows;
    end if;
  else
    insert into prewarm.marks (org_id, what, booked, bins)
    select n.org_id, 'appointments', array[o.contact_id, n.contact_id],
           array[prewarm.bin_of(o.created_at), prewarm.bin_of(n.created_at)]
      from new_rows n
      join old_rows o on o.id = n.id and o.org_id = n.org_id
     limit 101;
    get diagnostics listed = row_count;
    rows := (select count(*) from (select from new_rows limit 101) few);
    if prewarm.is_wide(rows) then
      insert into prewarm.marks (org_id, what, wide)
      select org_id, 'appointments', true from new_rows union select org_id, 'appointments', true from old_rows;
    elsif listed < rows then
      insert into prewarm.marks (org_id, what, booked, bins)
      select org_id, 'appointments', array[contact_id], array[prewarm.bin_of(created_at)]
        from (select org_id, contact_id, created_at from new_rows
              union
              select org_id, contact_id, created_at from old_rows) as both_rows;
    end if;
  end if;
  return null;
end $$;

create or replace function prewarm.mark_truncated() returns trigger
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
  insert into prewarm.marks (org_id, what, wide)
  select id, tg_table_name, true from prewarm.source_organizations
  union
  select org_id, tg_table_name, true from prewarm.versions;
  return null;
end $$;

call prewarm.unwatch('public.calls');
call prewarm.unwatch('public.contacts');
call prewarm.unwatch('public.appointments');
call prewarm.watch('public.calls', 'prewarm.mark_new_calls', 'prewarm.mark_calls', 'prewarm.mark_calls');
call prewarm.watch('public.contacts', 'prewarm.mark_new_contacts', 'prewarm.mark_contacts', 'prewarm.mark_contacts');
call prewarm.watch('public.appointments', 'prewarm.mark_new_appointments', 'prewarm.mark_appointments',
                   'prewarm.mark_appointments');

-- Orgs whose tables below are complete, as of their last rebuild; how much there was decides when making all anew is
-- cheaper than what was touched.
create table prewarm.maintained (
  org_id     uuid        primary key,
  as_of      timestamptz not null,
  leads      bigint      not null,
  hours      bigint      not null,
  rebuilt_at timestamptz not null
) with (fillfactor = 80);

comment on column prewarm.maintained.leads is 'when all was made anew the last time';
comment on column prewarm.maintained.rebuilt_at is 'by the clock on the wall: the next rebuild waits for prewarm.rebuild_gap()';

-- Sums of an org's calls (without test calls) and live appointments by the time of their creation: by UTC hour, of the
-- hours by day, and of the days by month. An hour with many is kept by bins as well, so that a change reads a bin's
-- calls again and not an hour's. Exact: whoever divides them rounds once.
create table prewarm.sums (
  org_id           uuid        not null,
  level            smallint    not null,
  start            timestamptz not null,
  total_calls      bigint      not null,
  inbound_calls    bigint      not null,
  outbound_calls   bigint      not null,
  answered_calls   bigint      not null,
  duration_total   bigint      not null,
  duration_calls   bigint      not null,
  sentiment_total  numeric     not null,
  sentiment_calls  bigint      not null,
  successful_calls bigint      not null,
  appointments     bigint      not null,
  primary key (org_id, level, start)
) with (fillfactor = 80);

comment on column prewarm.sums.level is '0 a bin of ten seconds, 1 an hour, 2 a day, 3 a month; in UTC';
comment on column prewarm.sums.start is 'its first instant';

-- Calls and appointments of an hour from which on it is kept by bins.
create function prewarm.dense_hour() returns bigint
language sql immutable return 60;

-- The parts of the pulse that are of leads, in 1,024 buckets by the contact's id, and of each 32 of those.
alter table prewarm.actionable_leads add column estimated_value numeric;

create function prewarm.bucket_of(contact uuid) returns int
language sql immutable return uuid_hash(contact) & 1023;

-- Not by org first: before the table has statistics, a plan would take this index for every question about an org.
create index actionable_leads_bucket on prewarm.actionable_leads (prewarm.bucket_of(id), org_id);

create table prewarm.lead_sums (
  org_id         uuid     not null,
  level          smallint not null,
  bucket         int      not null,
  pipeline_total numeric  not null,
  hot_leads      bigint   not null,
  primary key (org_id, level, bucket)
) with (fillfactor = 80);

comment on column prewarm.lead_sums.level is '0 a bucket of leads, 1 the 32 buckets from 32 times its number on';

-- Every lead as it is at an instant, from the source. Inlined where it is used, so that only the contacts that are asked
-- for are looked at.
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

-- The sums of an org between two instants by non-empty spans, hours or bins, from the source.
create function prewarm.spans_between(org uuid, since timestamptz, until timestamptz, span interval)
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

-- Makes prewarm.actionable_leads equal to the definition at an instant for some contacts of an org, and writes only what
-- differs.
create procedure prewarm.write_leads(org uuid, at timestamptz, touched uuid[])
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

-- The buckets of some contacts, but of those that are held as leads of the same value and heat: a call changes neither.
-- One that is not held may have been until a moment ago, when the rebuild of the org it has moved to took it over.
create function prewarm.stale_buckets(org uuid, touched uuid[]) returns int[]
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

-- Makes the sums of some buckets of an org's leads anew, and what lies above them.
create procedure prewarm.write_lead_sums(org uuid, buckets int[])
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

-- Makes the bins of some hours of an org. Of the empty ones only the first: it tells that an hour is kept by bins.
create procedure prewarm.write_bins(org uuid, hours timestamptz[])
language plpgsql as $$
begin
  insert into prewarm.sums
  select org, 0, p.* from unnest(hours) as start
   cross join lateral prewarm.spans_between(org, start, start + interval '1 hour', '10 seconds') p;
  insert into prewarm.sums
  select org, 0, start, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0 from unnest(hours) as start
      on conflict (org_id, level, start) do nothing;
end $$;

-- Makes the sums of some bins of an org anew, and what lies above them.
create procedure prewarm.write_sums(org uuid, at timestamptz, bins timestamptz[])
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

-- All sums of an org's leads, of buckets that have any.
create function prewarm.lead_sums_of(org uuid) returns setof prewarm.lead_sums
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

-- Makes all leads of an org equal to the definition at an instant, and the sums of their buckets.
create procedure prewarm.make_leads(org uuid, at timestamptz)
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

-- All sums of an org, from the source; none by bins, which are made for hours that are touched.
create function prewarm.sums_of(org uuid) returns setof prewarm.sums
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

-- Makes all sums of an org equal to the source. Each call looks for appointments: by index, however few there are.
create procedure prewarm.make_sums(org uuid)
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

-- prewarm.maintain where nothing that is held is believed: everything is computed from the source, and written where it
-- differs.
create procedure prewarm.maintain_anew(org uuid, at timestamptz)
language plpgsql as $$
begin
  call prewarm.make_leads(org, at);
  call prewarm.make_sums(org);
  insert into prewarm.maintained (org_id, as_of, leads, hours, rebuilt_at)
  values (org, at,
          (select count(*) from prewarm.actionable_leads l where l.org_id = org),
          (select count(*) from prewarm.sums s where s.org_id = org and s.level = 1),
          statement_timestamp())
      on conflict (org_id) do update
     set (as_of, leads, hours, rebuilt_at) = (excluded.as_of, excluded.leads, excluded.hours, excluded.rebuilt_at);
end $$;

-- Brings the tables above up to date for one org at an instant, by the marks that the transaction sees, and tells whether
-- all was made anew. That is so the first time; where a mark is wide; where so much was touched that it is cheaper; and
-- where the clock has gone back, since urgency rises then.
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

-- An org's rebuilds start no closer than this: the first change is taken up at once, those that follow within the gap by
-- one rebuild at its end. To be tuned with `alter database … set prewarm.rebuild_gap = '20ms'`.
create function prewarm.rebuild_gap() returns interval
language sql stable
return coalesce(nullif(current_setting('prewarm.rebuild_gap', true), ''), '50 milliseconds')::interval;

create or replace function prewarm.push_rebuilds(orgs uuid[]) returns int
language plpgsql set plan_cache_mode = force_generic_plan as $$
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
