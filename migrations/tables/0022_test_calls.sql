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
  changed_at   timestamptz not null default statement_timestamp(),
  claim        bigint,
  worker       text,
  claimed_at   timestamptz,
  until        timestamptz not null default now(),
  attempts     int         not null default 0 check (attempts >= 0),
  error        text
);
comment on column prewarm.test_calls.stage is 'preparing: the assistant is brought up to date; connecting: Vapi makes the call; ready: web_call_url may be joined';
comment on column prewarm.test_calls.vapi_call_id is 'Vapi''s id of the call, once it is ready';
comment on column prewarm.test_calls.reason is 'why it failed, for the person who waits';
comment on column prewarm.test_calls.claim is 'the number of the start; null when no worker makes the call';
comment on column prewarm.test_calls.until is 'nobody starts before: the end of the claim, or of the back-off';
comment on column prewarm.test_calls.attempts is 'starts without a good end, a running one included';
comment on column prewarm.test_calls.error is 'how the last attempt ended badly; for operators';
-- However often somebody clicks, an agent has one test call at a time.
create unique index test_calls_open on prewarm.test_calls (agent_id) where stage in ('preparing', 'connecting', 'ready');
create index test_calls_changed_at on prewarm.test_calls (changed_at);
create unique index test_calls_claim on prewarm.test_calls (claim) where claim is not null;
