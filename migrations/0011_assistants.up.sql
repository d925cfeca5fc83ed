-- Assistants at Vapi: which agents are owed one, who works at it, and what is known of them besides the agents' own rows.

-- What a transaction changed about an agent or its numbers. As with prewarm.marks nobody waits for anybody: no unique key,
-- no foreign key. Only who has read what a mark tells of, and has brought the assistant up to it, removes the mark.
create table prewarm.agent_marks (
  agent_id  uuid        not null,
  xid       xid8        not null default pg_current_xact_id(),
  marked_at timestamptz not null default statement_timestamp()
) with (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 1000, autovacuum_vacuum_cost_delay = 0);

create index agent_marks_agent on prewarm.agent_marks (agent_id, xid);

create table prewarm.assistants (
  agent_id        uuid        primary key,
  org_id          uuid,
  stage           text        not null default 'pending'
                              check (stage in ('pending', 'preparing', 'creating', 'updating', 'synced', 'failed')),
  reason          text,
  attempts        int         not null default 0 check (attempts >= 0),
  not_before      timestamptz,
  holder          uuid,
  until           timestamptz,
  look_since      timestamptz,
  missing_id      text,
  refused_hash    text,
  refusal         text,
  shown_otherwise text[]      not null default '{}',
  synced_at       timestamptz,
  verified_at     timestamptz
) with (fillfactor = 70);

comment on column prewarm.assistants.org_id is 'null where the agent is gone';
comment on column prewarm.assistants.reason is 'why it failed or waits, or what is wrong beside it; for people';
comment on column prewarm.assistants.attempts is 'consecutive starts without a good end';
comment on column prewarm.assistants.not_before is 'the end of its back-off';
comment on column prewarm.assistants.holder is 'who alone may write the assistant; null: reserved by a claim, or nobody';
comment on column prewarm.assistants.until is 'when its holder has to be believed dead';
comment on column prewarm.assistants.look_since is 'Vapi may have assistants of the agent, made since, that we have no answer about';
comment on column prewarm.assistants.missing_id is 'Vapi has said that it does not have the assistant of this id';
comment on column prewarm.assistants.refused_hash is 'the configuration that Vapi does not take; nobody sends it again';
comment on column prewarm.assistants.refusal is 'why, in Vapi''s words';
comment on column prewarm.assistants.shown_otherwise is 'fields that Vapi shows otherwise than it was given them; no drift';
comment on column prewarm.assistants.synced_at is 'when Vapi last took its configuration';
comment on column prewarm.assistants.verified_at is 'when Vapi last showed it as it should be';

create index assistants_failed on prewarm.assistants (agent_id) where stage = 'failed';

-- Who answers a number at Vapi, as far as we have said so.
create table prewarm.phone_mappings (
  vapi_phone_number_id text        primary key,
  agent_id             uuid,
  assistant_id         text,
  known                boolean     not null default true,
  revision             bigint      not null default 1,
  reason               text,
  synced_at            timestamptz not null default statement_timestamp()
);

comment on column prewarm.phone_mappings.agent_id is 'whose assistant answers; or, if its row names no agent any more, did';
comment on column prewarm.phone_mappings.known is 'false: somebody else has changed it';
comment on column prewarm.phone_mappings.revision is 'two who said different things at a time are told by it';
comment on column prewarm.phone_mappings.reason is 'why Vapi did not take it';

create index phone_mappings_agent on prewarm.phone_mappings (agent_id);

-- Agents as their assistants are made of. Two that name one assistant would overwrite each other for ever: the first one
-- keeps it.
create view prewarm.agents_to_warm as
  select a.id, a.org_id, a.call_direction, a.name, a.system_prompt, a.first_message, a.voice, a.model,
         case
           when a.vapi_assistant_id <> ''
                and not exists (
                  select
                    from prewarm.source_agents other
                   where other.vapi_assistant_id = a.vapi_assistant_id
                     and other.id < a.id
                )
           then a.vapi_assistant_id
         end as vapi_assistant_id,
         a.config_hash
    from prewarm.source_agents a;

-- No read model shows agents or numbers: their changes make no rebuild.
call prewarm.unwatch('public.agents');
call prewarm.unwatch('public.phone_numbers');
drop function prewarm.mark_agents_updated;

create function prewarm.mark_all_agents() returns void
language sql set search_path = pg_catalog, pg_temp as $$
  insert into prewarm.agent_marks (agent_id)
  select id from prewarm.source_agents
  union
  select agent_id from prewarm.assistants
$$;

-- Our own record of what Vapi holds is no change of the agent.
create function prewarm.mark_agents() returns trigger
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

-- A number that moves marks both agents.
create function prewarm.mark_agents_of_numbers() returns trigger
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
  if tg_op = 'INSERT' then
    insert into prewarm.agent_marks (agent_id) select distinct agent_id from new_rows where agent_id is not null;
  elsif tg_op = 'DELETE' then
    insert into prewarm.agent_marks (agent_id) select distinct agent_id from old_rows where agent_id is not null;
  elsif tg_op = 'UPDATE' then
    insert into prewarm.agent_marks (agent_id)
    select agent_id
      from ((select id, org_id, vapi_phone_number_id, agent_id from new_rows
             except
             select id, org_id, vapi_phone_number_id, agent_id from old_rows)
            union all
            (select id, org_id, vapi_phone_number_id, agent_id from old_rows
             except
             select id, org_id, vapi_phone_number_id, agent_id from new_rows)) as changed
     where agent_id is not null
     group by agent_id;
  else
    perform prewarm.mark_all_agents();
  end if;
  return null;
end $$;

-- As prewarm.watch, with one function for all triggers of a table.
create procedure prewarm.watch_with(source regclass, mark regproc)
language plpgsql set search_path = pg_catalog, pg_temp as $$
begin
  execute format(
    'create trigger prewarm_insert after insert on %s '
    'referencing new table as new_rows for each statement execute function %s()', source, mark);
  execute format(
    'create trigger prewarm_update after update on %s '
    'referencing old table as old_rows new table as new_rows for each statement execute function %s()', source, mark);
  execute format(
    'create trigger prewarm_delete after delete on %s '
    'referencing old table as old_rows for each statement execute function %s()', source, mark);
  execute format(
    'create trigger prewarm_truncate after truncate on %s for each statement execute function %s()', source, mark);
  execute format(
    'alter table %s enable always trigger prewarm_insert, enable always trigger prewarm_update, '
    'enable always trigger prewarm_delete, enable always trigger prewarm_truncate', source);
end $$;

call prewarm.watch_with('public.agents', 'prewarm.mark_agents');
call prewarm.watch_with('public.phone_numbers', 'prewarm.mark_agents_of_numbers');

-- Agents that were there before.
select prewarm.mark_all_agents();

create function prewarm.agent_of(subject text) returns uuid
language sql immutable
return case when subject ~ '^prewarm:[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$' then substr(subject, 9)::uuid end;

comment on function prewarm.agent_of is 'the agent that a job is about; null for a job about none';

-- Up to n agents with marks that nobody works at and that do not back off, by id from one on. Of many that back off so
-- many are looked at and no more: a look stays cheap while Vapi is away.
create function prewarm.marked_agents(since uuid, looks int, n int) returns setof uuid
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

-- Makes a job of each agent that is owed and does not wait already; returns how many. Few at a time, and half of them
-- from a random place on, so that no agent is always last.
create function prewarm.fold_agents() returns int
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

-- How many places of a worker test calls may take, and how many everything else: a worker has one more, so that neither
-- waits for all of the other.
create function prewarm.prewarm_places() returns int
language sql immutable
return 3;

create view prewarm.due_prewarms as
  select d.id, d.priority, d.run_at, d.subject, d.subject like 'test\_call:%' as is_test_call
    from prewarm.due_jobs d
   where d.job_type = 'prewarm'
     and not exists (
       select from prewarm.assistants s where s.agent_id = prewarm.agent_of(d.subject) and s.until > now()
     );

-- As prewarm.claim, for the queue of its own that agents have. What is claimed is reserved: it is the job that takes the
-- agent, and until then nobody makes another job of it.
create function prewarm.claim_prewarms(worker text, n int, lease interval) returns setof apalis.jobs
language plpgsql
set plan_cache_mode = force_generic_plan set enable_seqscan = off set enable_bitmapscan = off as $$
begin
  if not exists (select from prewarm.due_prewarms d where not d.is_test_call) then
    if exists (select from prewarm.agent_marks)
       and pg_try_advisory_xact_lock(hashtext('prewarm.fold_agents')) then
      perform prewarm.fold_agents();
    elsif not exists (select from prewarm.due_prewarms) then
      return;
    end if;
  end if;
  return query
  with running as (
    select count(*) filter (where j.idempotency_key like 'test\_call:%') as test_calls, count(*) as jobs
      from apalis.jobs j
     where j.lock_by = worker
       and j.status = 'Running'
  ),
  due as (
    select d.id, prewarm.agent_of(d.subject) as agent_id
      from prewarm.due_prewarms d
     where case
             when d.is_test_call then (select r.test_calls from running r)
             else (select r.jobs - r.test_calls from running r)
           end < prewarm.prewarm_places()
     order by d.priority desc, d.run_at
     limit n
       for update skip locked
  ),
  reserved as (
    insert into prewarm.assistants as held (agent_id, until)
    select due.agent_id, now() + lease
      from due
     where due.agent_id is not null
        on conflict (agent_id) do update
       set holder = null,
           until = excluded.until
     where held.until is null
        or held.until <= now()
  )
  update apalis.jobs j
     set status = 'Running',
         attempts = j.attempts + 1,
         lock_by = worker,
         lock_at = now(),
         done_at = null,
         idempotency_key = j.idempotency_key || '#' || j.id
   where j.id = any (array(select due.id from due))
  returning j.*;
end $$;

-- Makes a dead letter wait again, with all its attempts before it and its org out of quarantine; what Vapi has refused is
-- sent again, once. False when there is no such dead letter.
create or replace function prewarm.retry(job_id text) returns boolean
language plpgsql as $$
declare
  subject text;
begin
  select split_part(j.idempotency_key, '#', 1) into subject
    from apalis.jobs j
   where j.id = job_id and j.status = 'Killed'
     for update;
  if not found then
    return false;
  end if;
  delete from prewarm.leases l where l.holder = job_id;
  update prewarm.assistants s
     set refused_hash = null, refusal = null, not_before = null, attempts = 0
   where s.agent_id = prewarm.agent_of(subject);
  begin
    update apalis.jobs j
       set status = 'Pending', attempts = 0, run_at = now(), lock_by = null, lock_at = null, done_at = null,
           idempotency_key = subject
     where j.id = job_id;
  exception when unique_violation then
    -- The subject waits already.
    delete from apalis.jobs j where j.id = job_id;
  end;
  return true;
end $$;
