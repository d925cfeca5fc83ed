-- Agents and test calls are claimed where they stand, like rebuilds. A job is scheduled work, known by its kind.
drop function if exists
  prewarm.claim(text, text, int), prewarm.claim_prewarms(text, int, interval), prewarm.enqueue_agents(),
  prewarm.lost_jobs(text, interval, bigint[]), prewarm.marked_agents(uuid, int, int), prewarm.prewarm_places(),
  prewarm.release(bigint, text), prewarm.release_strays(text, bigint[], timestamptz),
  prewarm.wait_again(bigint, int, timestamptz);

drop view if exists prewarm.due_jobs, prewarm.shown_jobs;

alter table prewarm.assistants
  add column worker text,
  add column starts int not null default 0 check (starts >= 0);

comment on column prewarm.assistants.attempts is 'passes without a success, deferrals by Vapi included; they decide the pause';
comment on column prewarm.assistants.worker is 'who reserved the agent last';
comment on column prewarm.assistants.starts is 'starts since the last good end, deferrals by Vapi among the good ones';

alter table prewarm.test_calls
  add column claim      bigint,
  add column worker     text,
  add column claimed_at timestamptz,
  add column until      timestamptz not null default now(),
  add column attempts   int         not null default 0 check (attempts >= 0),
  add column error      text;

comment on column prewarm.test_calls.claim is 'the number of the start; null when no worker makes the call';
comment on column prewarm.test_calls.until is 'nobody starts before: the end of the claim, or of the back-off';
comment on column prewarm.test_calls.attempts is 'starts without a good end, a running one included';
comment on column prewarm.test_calls.error is 'how the last attempt ended badly; for operators';

create unique index test_calls_claim on prewarm.test_calls (claim) where claim is not null;

-- A worker of the last release may be making one.
update prewarm.test_calls t
   set until = now() + interval '12 seconds'
 where t.id in (select j.test_call_id from prewarm.jobs j where j.kind = 'test_call' and j.state = 'running');

delete from prewarm.jobs where kind in ('prewarm', 'test_call');

alter table prewarm.jobs
  drop column subject,
  drop column agent_id,
  drop column test_call_id,
  drop column priority;

comment on table prewarm.jobs is 'scheduled work';

-- One job of a kind waits, however often it is pushed.
create unique index jobs_waiting on prewarm.jobs (kind) where state = 'waiting';

create index jobs_due on prewarm.jobs (queue, run_at) where state = 'waiting';
