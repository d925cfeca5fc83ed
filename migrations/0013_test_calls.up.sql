-- Test calls: a person speaks with an agent in the browser. The api writes that one is wanted, a worker makes it.

create table prewarm.test_calls (
  id           uuid        primary key,
  org_id       uuid        not null,
  agent_id     uuid        not null,
  stage        text        not null default 'preparing'
                           check (stage in ('preparing', 'connecting', 'ready', 'failed', 'ended')),
  assistant_id text,
  vapi_call_id text,
  web_call_url text,
  reason       text,
  created_at   timestamptz not null default statement_timestamp(),
  changed_at   timestamptz not null default statement_timestamp()
);

comment on column prewarm.test_calls.stage is
  'preparing: the assistant is brought up to date; connecting: Vapi makes the call; ready: web_call_url may be joined';
comment on column prewarm.test_calls.vapi_call_id is 'Vapi''s id of the call, once it is ready';
comment on column prewarm.test_calls.reason is 'why it failed, for the person who waits';

-- However often somebody clicks, an agent has one test call at a time.
create unique index test_calls_open on prewarm.test_calls (agent_id) where stage in ('preparing', 'connecting', 'ready');

create index test_calls_changed_at on prewarm.test_calls (changed_at);

-- How long somebody has to join a call: then Vapi ends it.
create function prewarm.test_call_joins() returns interval
language sql immutable
return interval '15 seconds';

-- How long a person waits for a call to be made.
create function prewarm.test_call_waits() returns interval
language sql immutable
return interval '30 seconds';

-- Whether a worker lives that has a way to Vapi.
create function prewarm.prewarms() returns boolean
language sql stable
return exists (
  select
    from apalis.workers w
   where w.worker_type = 'prewarm'
     and w.last_seen > now() - interval '10 seconds'
);

-- How long a call waits for such a worker: one may be starting anew.
create function prewarm.test_call_patience() returns interval
language sql immutable
return interval '3 seconds';

-- Ends a call that nobody will join any more, because its time is over or because it has been joined, and one that nobody
-- makes. Of one agent, or of all.
create function prewarm.close_test_calls(agent uuid default null) returns setof uuid
language sql as $$
  update prewarm.test_calls t
     set stage = case t.stage when 'ready' then 'ended' else 'failed' end,
         reason = case
                    when t.stage = 'ready' then null
                    when prewarm.prewarms() then 'Nobody could take the call. Please try again.'
                    else 'No worker is connected to Vapi: none that runs has a VAPI_API_KEY.'
                  end,
         changed_at = now()
   where t.stage in ('preparing', 'connecting', 'ready')
     and (agent is null or t.agent_id = agent)
     and case t.stage
           when 'ready' then
             t.changed_at < now() - prewarm.test_call_joins()
             or exists (
               select
                 from prewarm.source_calls c
                where c.vapi_call_id = t.vapi_call_id
                  and c.status not in ('scheduled', 'queued', 'ringing')
             )
           else
             t.created_at < now() - prewarm.test_call_waits()
             or (t.created_at < now() - prewarm.test_call_patience() and not prewarm.prewarms())
         end
  returning t.id
$$;

-- Opens a test call of an agent, or gives the one that is open. No row: the org has no such agent.
create function prewarm.open_test_call(new_id uuid, org uuid, direction text) returns setof prewarm.test_calls
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
