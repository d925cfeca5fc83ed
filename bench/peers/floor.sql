-- The least that Postgres does for a call if it is told all in advance: one call of a function that finds a mark, adds the
-- call to a lead and to the sums of four spans, writes the four blobs that a call changes and a version, and removes the
-- mark. It reads no call and computes nothing, so nothing that it writes is right: it is a bound.
drop schema if exists SCHEMA cascade;
create schema SCHEMA;

create table SCHEMA.marks (org_id uuid, contact_id uuid);
create index on SCHEMA.marks (org_id);

create table SCHEMA.leads (
  id           uuid primary key,
  org_id       uuid,
  name         text,
  phone        text,
  score        int,
  total_calls  bigint default 0,
  last_call_at timestamptz
);
create index on SCHEMA.leads (org_id, score desc, id);

insert into SCHEMA.leads (id, org_id, name, phone, score)
select id, org_id, name, phone, lead_score
  from public.contacts
 where org_id = 'ORG';

create table SCHEMA.sums (
  org_id uuid,
  level  int,
  start  timestamptz,
  calls  bigint,
  primary key (org_id, level, start)
);

create table SCHEMA.blobs (
  org_id uuid,
  model  text,
  bytes  bytea,
  primary key (org_id, model)
);
alter table SCHEMA.blobs alter bytes set storage external;

create table SCHEMA.versions (org_id uuid primary key, n bigint, as_of timestamptz);

create function SCHEMA.rebuild(org uuid) returns bigint
language plpgsql as $$
declare
  now     constant timestamptz := clock_timestamp();
  noise   constant bytea := uuid_send(gen_random_uuid()) || convert_to(repeat('noise of a blob ', 80), 'utf8');
  any_id  constant uuid := gen_random_uuid();
  contact uuid;
  version bigint;
begin
  select m.contact_id into contact from SCHEMA.marks m where m.org_id = org limit 1;
  update SCHEMA.leads l set total_calls = l.total_calls + 1, last_call_at = now where l.id = contact;
  insert into SCHEMA.sums as held (org_id, level, start, calls)
  select org, level, date_trunc(unit, now, 'UTC'), 1
    from (values (1, 'hour'), (2, 'day'), (3, 'month'), (4, 'year')) as above (level, unit)
      on conflict (org_id, level, start) do update
     set calls = held.calls + excluded.calls;
  insert into SCHEMA.blobs as held (org_id, model, bytes)
  select org, model, noise
    from unnest(array['pulse', 'activity', 'calls', 'calls_inbound']) as model
      on conflict (org_id, model) do update
     set bytes = excluded.bytes;
  insert into SCHEMA.versions as held (org_id, n, as_of)
  values (org, 1, now)
      on conflict (org_id) do update
     set n = held.n + 1, as_of = excluded.as_of
  returning n into version;
  delete from SCHEMA.marks m where m.org_id = org;
  -- The mark of the next call: here a trigger's would go.
  insert into SCHEMA.marks (org_id, contact_id)
  select org, l.id from SCHEMA.leads l where l.id >= any_id order by l.id limit 1;
  return version;
end $$;
