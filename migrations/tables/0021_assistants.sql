-- Changes to an agent or its numbers, one row a transaction. As with prewarm.marks no writer waits for another: no unique key,
-- no foreign key. A mark is removed only by a process that has read the change and brought the assistant up to it.
create table prewarm.agent_marks (
  agent_id  uuid        not null,
  xid       xid8        not null default pg_current_xact_id(),
  marked_at timestamptz not null default statement_timestamp()
) with (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 1000, autovacuum_vacuum_cost_delay = 0);
create index agent_marks_agent on prewarm.agent_marks (agent_id, xid);

-- Assistants at Vapi: who works at them, and what is known of them besides the agents' own rows.
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
  verified_at     timestamptz,
  worker          text,
  starts          int         not null default 0 check (starts >= 0)
) with (fillfactor = 70);
comment on column prewarm.assistants.org_id is 'null where the agent is gone';
comment on column prewarm.assistants.reason is 'why it failed or waits, or what is wrong beside it; for people';
comment on column prewarm.assistants.attempts is 'passes without a success, deferrals by Vapi included; they decide the pause';
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
comment on column prewarm.assistants.worker is 'who reserved the agent last';
comment on column prewarm.assistants.starts is 'starts since the last good end, deferrals by Vapi among the good ones';
create index assistants_failed on prewarm.assistants (agent_id) where stage = 'failed';

-- The agents that answer numbers at Vapi, as far as we have said so.
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
