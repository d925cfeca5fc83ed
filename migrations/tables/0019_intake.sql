-- Events from Vapi. An event and its effect on the source are one transaction.
create table prewarm.events (
  id              bigint      generated always as identity primary key,
  dedupe_key      text        not null unique,
  type            text        not null,
  vapi_call_id    text,
  assistant_id    text,
  phone_number_id text,
  org_id          uuid,
  received_at     timestamptz not null default statement_timestamp(),
  epoch           bigint      not null,
  xid             xid8        not null default pg_current_xact_id(),
  body            jsonb,
  replay_after    timestamptz,
  replay_xid      xid8,
  erased          text        check (erased in ('call', 'caller'))
);
comment on column prewarm.events.dedupe_key is 'one event, however often it is sent';
comment on column prewarm.events.org_id is 'by our own maps of assistants and numbers; null: parked until a map has it';
comment on column prewarm.events.xid is 'the transaction that took it: with the epoch, its receipt';
comment on column prewarm.events.body is 'as received, secrets redacted; null once its retention has passed, when only the key is kept';
comment on column prewarm.events.replay_after is 'parked, and its effect could not be written: not tried again before';
comment on column prewarm.events.replay_xid is 'the transaction of its effect, where that is not the one that took it';
comment on column prewarm.events.erased is 'its body is gone for good: it told of an erased call, or of an erased caller';
-- Parked events, by what they wait for. An event that names neither an assistant nor a number waits for nothing.
create index events_parked on prewarm.events (id)
  where org_id is null and body is not null and (assistant_id is not null or phone_number_id is not null);
create index events_parked_assistant on prewarm.events (assistant_id, id)
  where org_id is null and body is not null and assistant_id is not null;
create index events_parked_number on prewarm.events (phone_number_id, id)
  where org_id is null and body is not null and phone_number_id is not null;
-- The oldest bodies. Keys, which are kept for longer, are found by number.
create index events_bodies on prewarm.events (received_at) where body is not null;
create index events_late_effect on prewarm.events (xid) where org_id is null or replay_xid is not null;
-- The bodies of an org, and of its calls.
create index events_org_call on prewarm.events (org_id, vapi_call_id) where body is not null;

-- All that is known of a call, merged so that the order of its events does not matter. The row of calls shows it.
create table prewarm.call_states (
  vapi_call_id text        primary key,
  org_id       uuid        not null,
  state        jsonb       not null,
  updated_at   timestamptz not null default statement_timestamp()
);
create index call_states_updated_at on prewarm.call_states (updated_at);
create index call_states_org on prewarm.call_states (org_id);

-- The progress of comparing Vapi's own list of calls with what webhooks have told.
create table prewarm.reconciliation (
  singleton boolean     primary key default true check (singleton),
  until     timestamptz not null
);
comment on table prewarm.reconciliation is 'one row; none before the first pass';
comment on column prewarm.reconciliation.until is 'whatever changed at Vapi before is taken in';
