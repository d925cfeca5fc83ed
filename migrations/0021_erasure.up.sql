-- Whose an event is, what is erased, and what keeps it from coming back.

-- The org of an assistant, or else of a number. Names that rows of two orgs bear belong to neither: either might be the
-- other's mistake, or its doing.
create function prewarm.owner(assistant text, number text) returns uuid
language plpgsql stable set search_path = pg_catalog, pg_temp as $$
declare
  org uuid;
begin
  select a.org_id into org from prewarm.source_agents a where a.vapi_assistant_id = assistant limit 1;
  if found then
    return case
             when not exists (
               select from prewarm.source_agents a where a.vapi_assistant_id = assistant and a.org_id <> org
             )
             then org
           end;
  end if;
  select p.org_id into org from prewarm.source_phone_numbers p where p.vapi_phone_number_id = number limit 1;
  return case
           when not exists (
             select from prewarm.source_phone_numbers p where p.vapi_phone_number_id = number and p.org_id <> org
           )
           then org
         end;
end $$;

-- Names that rows of more than one org bear.
create view prewarm.contested as
  select 'assistant' as kind, vapi_assistant_id as name
    from prewarm.source_agents
   where vapi_assistant_id <> ''
   group by vapi_assistant_id
  having count(distinct org_id) > 1
  union all
  select 'number', vapi_phone_number_id
    from prewarm.source_phone_numbers
   where vapi_phone_number_id <> ''
   group by vapi_phone_number_id
  having count(distinct org_id) > 1;

-- As before, but nobody's assistant is made anew or changed where another org names it: is_contested says so. Within an org
-- the first one keeps it.
create or replace view prewarm.agents_to_warm as
  select a.id, a.org_id, a.call_direction, a.name, a.system_prompt, a.first_message, a.voice, a.model,
         case
           when a.vapi_assistant_id <> ''
                and not exists (
                  select
                    from prewarm.source_agents other
                   where other.vapi_assistant_id = a.vapi_assistant_id
                     and other.org_id = a.org_id
                     and other.id < a.id
                )
           then a.vapi_assistant_id
         end as vapi_assistant_id,
         a.config_hash,
         a.vapi_assistant_id <> ''
         and exists (
           select
             from prewarm.source_agents other
            where other.vapi_assistant_id = a.vapi_assistant_id
              and other.org_id <> a.org_id
         ) as is_contested
    from prewarm.source_agents a;

-- The key of the tombstones: without it nobody finds out whom one stands for.
create table prewarm.erasure_key (
  key       bytea   not null check (length(key) = 32),
  singleton boolean primary key default true check (singleton)
);

insert into prewarm.erasure_key (key)
select sha256(uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid()));

-- What must not come back: `call <Vapi's id>`, `phone <org or *> <digits>`, `assistant <id>` and `number <id>` of a deleted
-- org, as keyed hashes.
create table prewarm.tombstones (
  hash    bytea       primary key,
  kind    text        not null check (kind in ('call', 'caller')),
  made_at timestamptz not null default statement_timestamp()
);

comment on table prewarm.tombstones is 'names no one; kept as long as the keys of events';
comment on column prewarm.tombstones.kind is 'call: nothing is taken any more; caller: all but who called and what was said';

create index tombstones_made_at on prewarm.tombstones (made_at);

create function prewarm.tombstone_of(name text) returns bytea
language plpgsql stable set search_path = pg_catalog, pg_temp as $$
begin
  return (select sha256(k.key || sha256(k.key || convert_to(name, 'UTF8'))) from prewarm.erasure_key k);
end $$;

-- In the order of the hashes, so that two that bury the same never wait in a circle.
create function prewarm.bury(names text[], kind text) returns void
language plpgsql set search_path = pg_catalog, pg_temp as $$
begin
  insert into prewarm.tombstones as held (hash, kind)
  select distinct prewarm.tombstone_of(name), bury.kind
    from unnest(names) as name
   where name is not null
   order by 1
      on conflict (hash) do update
     set made_at = excluded.made_at,
         kind = least(held.kind, excluded.kind);
end $$;

-- How much of what is told of a call is erased; null for nothing. A number's tombstone covers the calls before it: one who
-- calls again is a new caller.
create function prewarm.erased_as(
  call text, org uuid, assistant text, number text, phone text, heard_at timestamptz
) returns text
language plpgsql stable set search_path = pg_catalog, pg_temp as $$
declare
  erased text;
begin
  if not exists (select from prewarm.tombstones) then
    return null;
  end if;
  select min(t.kind) into erased
    from prewarm.tombstones t
   where t.hash = prewarm.tombstone_of('call ' || call)
      or (org is null and t.hash = prewarm.tombstone_of('assistant ' || assistant))
      or (org is null and t.hash = prewarm.tombstone_of('number ' || number));
  if erased is null and exists (
       select
         from prewarm.tombstones t
        where t.hash in (prewarm.tombstone_of('phone ' || org || ' ' || phone), prewarm.tombstone_of('phone * ' || phone))
          and t.made_at > coalesce(heard_at, statement_timestamp())
     )
  then
    return 'caller';
  end if;
  return erased;
end $$;

alter table prewarm.events add column erased text check (erased in ('call', 'caller'));

comment on column prewarm.events.erased is 'its body is gone for good: it told of an erased call, or of an erased caller';

-- The bodies of an org, and of its calls.
create index events_org_call on prewarm.events (org_id, vapi_call_id) where body is not null;

create index call_states_org on prewarm.call_states (org_id);

-- Erasures, from the transaction that deletes on. What was removed from the source is to be removed from all that was made
-- of it, Redis included.
create table prewarm.erasures (
  id           bigint      generated always as identity primary key,
  what         text        not null check (what in ('org', 'caller', 'calls', 'lost calls')),
  org_id       uuid        not null,
  contact_id   uuid,
  calls        text[]      not null default '{}',
  xid          xid8        not null default pg_current_xact_id(),
  requested_at timestamptz not null default statement_timestamp(),
  erased_at    timestamptz,
  done_at      timestamptz,
  removed      jsonb       not null default '{}'
);

comment on column prewarm.erasures.what is
  'org; caller: who made these calls, and what was said; calls: these; lost calls: those of the org that have no row any more';
comment on column prewarm.erasures.calls is 'Vapi''s ids; none once they are erased';
comment on column prewarm.erasures.erased_at is 'when Postgres held nothing of it but an older blob';
comment on column prewarm.erasures.done_at is 'when no blob showed it any more, here or in Redis';
comment on column prewarm.erasures.removed is 'rows by place';

create index erasures_owed on prewarm.erasures (id) where done_at is null;

create index erasures_org on prewarm.erasures (org_id, done_at);

create index erasures_done on prewarm.erasures (done_at) where done_at is not null;

-- The digits of a number, as readmodel::phone has them, or nearly.
create function prewarm.phone_digits(phone text) returns text
language plpgsql immutable set search_path = pg_catalog, pg_temp as $$
declare
  digits text := regexp_replace(regexp_replace(phone, '[^0-9]', '', 'g'), '^00', '');
begin
  return case when length(digits) >= 7 then digits end;
end $$;

create function prewarm.phone_spellings(phone text) returns text[]
language plpgsql immutable set search_path = pg_catalog, pg_temp as $$
declare
  digits text := prewarm.phone_digits(phone);
begin
  return case when digits is not null then array[phone, '+' || digits, digits, '00' || digits] else '{}' end;
end $$;

-- What is owed for the calls of somebody who is erased, in one org.
create function prewarm.owe_caller(org uuid, contact uuid, calls text[], names text[]) returns void
language plpgsql set search_path = pg_catalog, pg_temp as $$
begin
  insert into prewarm.erasures (what, org_id, contact_id, calls) values ('caller', org, contact, calls);
  perform prewarm.bury(array(select 'call ' || call from unnest(calls) as call) || names, 'caller');
end $$;

-- A deleted contact is erased, unless another one of the org has the same number: then only the calls that were the
-- contact's own are. Before the row goes, since the calls forget their contact with it.
create function prewarm.erase_contact() returns trigger
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  spellings text[] := prewarm.phone_spellings(old.phone);
  names     text[] := array['phone ' || old.org_id || ' ' || old.phone,
                            'phone ' || old.org_id || ' ' || prewarm.phone_digits(old.phone)];
begin
  -- The org goes with all it has.
  if not exists (select from prewarm.source_organizations o where o.id = old.org_id) then
    return old;
  end if;
  if exists (
       select
         from prewarm.source_contacts c
        where c.org_id = old.org_id and c.phone = any (spellings) and c.id <> old.id
     )
  then
    spellings := '{}';
    names := '{}';
  end if;
  perform prewarm.owe_caller(
    old.org_id, old.id,
    array(
      select c.vapi_call_id
        from prewarm.source_calls c
       where c.contact_id = old.id and c.org_id = old.org_id and c.vapi_call_id is not null
      union
      select c.vapi_call_id
        from prewarm.source_calls c
       where c.org_id = old.org_id and c.phone_number = any (spellings) and c.vapi_call_id is not null
    ),
    case when spellings = '{}' then '{}' else names end);
  return old;
end $$;

create function prewarm.erase_calls() returns trigger
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
  insert into prewarm.erasures (what, org_id, calls)
  select 'calls', gone.org_id, array_agg(gone.vapi_call_id)
    from old_rows gone
   where gone.vapi_call_id is not null
     and exists (select from prewarm.source_organizations o where o.id = gone.org_id)
   group by gone.org_id;
  if found then
    perform prewarm.bury(array(select 'call ' || gone.vapi_call_id from old_rows gone), 'call');
  end if;
  return null;
end $$;

-- TRUNCATE names no rows: those calls are gone of which something is known and that have none.
create function prewarm.erase_truncated() returns trigger
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
  insert into prewarm.erasures (what, org_id)
  select case when exists (select from prewarm.source_organizations o where o.id = known.org_id) then 'lost calls' else 'org' end,
         known.org_id
    from (select org_id from prewarm.call_states union select org_id from prewarm.versions) as known;
  return null;
end $$;

create function prewarm.erase_orgs() returns trigger
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
  insert into prewarm.erasures (what, org_id) select 'org', gone.id from old_rows gone;
  return null;
end $$;

-- Messages to a deleted org still come, and name its assistants and numbers. An agent or a number that is deleted alone may
-- be named by another row tomorrow: what comes meanwhile is parked as ever.
create function prewarm.erase_agents() returns trigger
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
  perform prewarm.bury(
    array(
      select 'assistant ' || gone.vapi_assistant_id
        from old_rows gone
       where not exists (select from prewarm.source_organizations o where o.id = gone.org_id)
    ), 'call');
  return null;
end $$;

create function prewarm.erase_numbers() returns trigger
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
  perform prewarm.bury(
    array(
      select 'number ' || gone.vapi_phone_number_id
        from old_rows gone
       where not exists (select from prewarm.source_organizations o where o.id = gone.org_id)
    ), 'call');
  return null;
end $$;

create trigger prewarm_erase before delete on public.contacts
  for each row execute function prewarm.erase_contact();
create trigger prewarm_erase after delete on public.calls
  referencing old table as old_rows for each statement execute function prewarm.erase_calls();
create trigger prewarm_erase after delete on public.organizations
  referencing old table as old_rows for each statement execute function prewarm.erase_orgs();
create trigger prewarm_erase after delete on public.agents
  referencing old table as old_rows for each statement execute function prewarm.erase_agents();
create trigger prewarm_erase after delete on public.phone_numbers
  referencing old table as old_rows for each statement execute function prewarm.erase_numbers();
create trigger prewarm_erase_truncated after truncate on public.calls
  for each statement execute function prewarm.erase_truncated();

alter table public.contacts enable always trigger prewarm_erase;
alter table public.calls enable always trigger prewarm_erase, enable always trigger prewarm_erase_truncated;
alter table public.organizations enable always trigger prewarm_erase;
alter table public.agents enable always trigger prewarm_erase;
alter table public.phone_numbers enable always trigger prewarm_erase;

-- A transaction that takes a message may have looked for tombstones before the erasure was committed. It looks again when
-- it commits, and loses.
create function prewarm.refuse_erased() returns trigger
language plpgsql set search_path = pg_catalog, pg_temp as $$
declare
  number text := new.state #>> '{customer_number,value}';
  erased text;
begin
  -- What erases writes what is left.
  if current_setting('prewarm.erasing', true) = 'on' or not exists (select from prewarm.tombstones) then
    return null;
  end if;
  erased := prewarm.erased_as(
    new.vapi_call_id, new.org_id, null, null,
    case when number ~ '^[+]?[0-9]+$' then ltrim(number, '+') else number end,
    to_timestamp((new.state ->> 'heard_at')::numeric / 1000000));
  if erased = 'call'
     or (erased = 'caller'
         and coalesce(number, new.state #>> '{customer_name,value}', new.state #>> '{summary,value}') is not null)
  then
    raise serialization_failure using message = 'a message of somebody who was erased meanwhile';
  end if;
  return null;
end $$;

create constraint trigger refuse_erased after insert or update on prewarm.call_states
  deferrable initially deferred
  for each row execute function prewarm.refuse_erased();

create function prewarm.count_removed(erasure bigint, place text, rows bigint) returns void
language plpgsql set search_path = pg_catalog, pg_temp as $$
begin
  update prewarm.erasures e
     set removed = e.removed || jsonb_build_object(place, coalesce((e.removed ->> place)::bigint, 0) + rows)
   where e.id = erasure
     and rows > 0;
end $$;

-- The bodies of the events of calls: the org's, and parked ones, which are the org's for all we know.
create function prewarm.erase_events(e prewarm.erasures, of_calls text[]) returns void
language plpgsql set search_path = pg_catalog, pg_temp as $$
declare
  gone bigint;
begin
  update prewarm.events
     set body = null, erased = case e.what when 'caller' then 'caller' else 'call' end
   where id in (
           select ev.id
             from unnest(of_calls) as call
            cross join lateral (
              select known.id from prewarm.events known
               where known.org_id = e.org_id and known.vapi_call_id = call and known.body is not null
              union all
              select known.id from prewarm.events known
               where known.org_id is null and known.vapi_call_id = call and known.body is not null
            ) ev
         );
  get diagnostics gone = row_count;
  perform prewarm.count_removed(e.id, 'events', gone);
end $$;

-- The bodies of an org's events, n at most; returns how many.
create function prewarm.erase_events_of_org(e prewarm.erasures, n int) returns bigint
language plpgsql set search_path = pg_catalog, pg_temp as $$
declare
  gone bigint;
begin
  update prewarm.events
     set body = null, erased = 'call'
   where id in (select ev.id from prewarm.events ev where ev.org_id = e.org_id and ev.body is not null limit n);
  get diagnostics gone = row_count;
  perform prewarm.count_removed(e.id, 'events', gone);
  return gone;
end $$;

-- What is known of calls.
create function prewarm.erase_call_states(e prewarm.erasures, of_calls text[]) returns void
language plpgsql set search_path = pg_catalog, pg_temp as $$
declare
  gone bigint;
begin
  if e.what = 'caller' then
    update prewarm.call_states s
       set state = s.state - '{customer_number,customer_name,summary}'::text[]
     where s.vapi_call_id = any (of_calls)
       and s.org_id = e.org_id
       and s.state ?| '{customer_number,customer_name,summary}'::text[];
  else
    delete from prewarm.call_states s where s.vapi_call_id = any (of_calls) and s.org_id = e.org_id;
  end if;
  get diagnostics gone = row_count;
  perform prewarm.count_removed(e.id, 'call_states', gone);
end $$;

-- What was made for an org that is gone, but its marks, with which its rebuild removes the rest.
create function prewarm.erase_org(e prewarm.erasures) returns void
language plpgsql set search_path = pg_catalog, pg_temp as $$
declare
  gone bigint;
begin
  delete from prewarm.actionable_leads l where l.org_id = e.org_id;
  get diagnostics gone = row_count;
  perform prewarm.count_removed(e.id, 'actionable_leads', gone);
  delete from prewarm.blobs b where b.org_id = e.org_id;
  get diagnostics gone = row_count;
  perform prewarm.count_removed(e.id, 'blobs', gone);
  delete from prewarm.test_calls t where t.org_id = e.org_id;
  get diagnostics gone = row_count;
  perform prewarm.count_removed(e.id, 'test_calls', gone);
  delete from apalis.jobs j
   where j.status = 'Killed'
     and j.idempotency_key in (
           select 'rebuild:' || e.org_id || '#dead'
           union all
           select 'prewarm:' || s.agent_id || '#dead' from prewarm.assistants s where s.org_id = e.org_id
         );
  get diagnostics gone = row_count;
  perform prewarm.count_removed(e.id, 'dead_letters', gone);
end $$;

-- The next calls of an erasure, n at most. Where only an org is named they are those of which something is known.
create function prewarm.calls_to_erase(e prewarm.erasures, n int) returns text[]
language plpgsql stable set search_path = pg_catalog, pg_temp as $$
begin
  return case e.what
           when 'org' then array(select s.vapi_call_id from prewarm.call_states s where s.org_id = e.org_id limit n)
           when 'lost calls' then array(
             select s.vapi_call_id
               from prewarm.call_states s
              where s.org_id = e.org_id
                and not exists (select from prewarm.source_calls c where c.vapi_call_id = s.vapi_call_id)
              limit n
           )
           else e.calls[1:n]
         end;
end $$;

-- Removes of an erasure what n calls have, and says whether that was all. Null: it is another's turn, or over.
create function prewarm.erase(erasure bigint, n int) returns boolean
language plpgsql set search_path = pg_catalog, pg_temp as $$
declare
  e      prewarm.erasures;
  calls  text[];
  is_all boolean;
  gone   bigint;
begin
  select * into e from prewarm.erasures owed where owed.id = erasure and owed.erased_at is null for update skip locked;
  if not found then
    return null;
  end if;
  perform set_config('prewarm.erasing', 'on', true);
  calls := prewarm.calls_to_erase(e, n);
  is_all := case when e.what in ('org', 'lost calls') then cardinality(calls) < n else cardinality(e.calls) <= n end;
  if e.what in ('org', 'lost calls') then
    perform prewarm.bury(array(select 'call ' || call from unnest(calls) as call), 'call');
  end if;
  perform prewarm.erase_events(e, calls);
  perform prewarm.erase_call_states(e, calls);
  if e.what = 'org' then
    is_all := prewarm.erase_events_of_org(e, n * 10) < n * 10 and is_all;
  end if;
  if not is_all then
    update prewarm.erasures owed set calls = e.calls[n + 1:] where owed.id = erasure;
    return false;
  end if;
  if e.what = 'org' then
    perform prewarm.erase_org(e);
  end if;
  delete from prewarm.actionable_leads l where l.id = e.contact_id and l.org_id = e.org_id;
  get diagnostics gone = row_count;
  perform prewarm.count_removed(e.id, 'actionable_leads', gone);
  update prewarm.erasures owed set erased_at = statement_timestamp(), calls = '{}', contact_id = null where owed.id = erasure;
  return true;
end $$;

-- What an operator asks for who honours somebody's request: contacts, and the calls that are theirs or have one of these
-- numbers. The contacts are deleted, with their appointments; the calls lose their number and their summary.
create function prewarm.erase_callers(contacts uuid[], spellings text[], names text[], in_org uuid)
returns table (place text, removed bigint)
language plpgsql set search_path = pg_catalog, pg_temp as $$
#variable_conflict use_column
declare
  theirs uuid[];
begin
  theirs := array(
    select c.id from public.calls c where c.contact_id = any (contacts)
    union
    select c.id
      from prewarm.source_organizations o
     cross join lateral (
       select id from public.calls where org_id = o.id and phone_number = any (spellings)
     ) c
     where in_org is null or o.id = in_org
  );
  perform prewarm.owe_caller(c.org_id, null, array_agg(c.vapi_call_id) filter (where c.vapi_call_id is not null), names)
     from public.calls c
    where c.id = any (theirs)
    group by c.org_id
   having count(c.vapi_call_id) > 0;
  perform prewarm.bury(names, 'caller');
  place := 'appointments';
  select count(*) into removed from public.appointments a where a.contact_id = any (contacts);
  return next;
  place := 'calls';
  update public.calls c set phone_number = null, summary = null, contact_id = null where c.id = any (theirs);
  get diagnostics removed = row_count;
  return next;
  place := 'contacts';
  delete from public.contacts c where c.id = any (contacts);
  get diagnostics removed = row_count;
  return next;
end $$;

revoke all on function prewarm.owner, prewarm.tombstone_of, prewarm.bury, prewarm.erased_as, prewarm.phone_digits,
  prewarm.phone_spellings, prewarm.owe_caller, prewarm.erase_contact, prewarm.erase_calls, prewarm.erase_truncated,
  prewarm.erase_orgs, prewarm.erase_agents, prewarm.erase_numbers, prewarm.refuse_erased, prewarm.count_removed,
  prewarm.erase_events, prewarm.erase_events_of_org, prewarm.erase_call_states, prewarm.erase_org, prewarm.calls_to_erase,
  prewarm.erase, prewarm.erase_callers from public;
