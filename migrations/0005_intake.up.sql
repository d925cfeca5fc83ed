-- What Vapi told us. An event and its effect on the source are one transaction.

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
  body            jsonb
);

comment on column prewarm.events.dedupe_key is 'one event, however often it is sent';
comment on column prewarm.events.org_id is 'by our own maps of assistants and numbers; null: parked until a map has it';
comment on column prewarm.events.xid is 'the transaction that took it: with the epoch, its receipt';
comment on column prewarm.events.body is 'as received, secrets redacted; null once its retention has passed, when only the key is kept';

create index events_parked on prewarm.events (id) where org_id is null and body is not null;

create index events_received_at on prewarm.events (received_at);

-- All that is known of a call, merged so that the order of its events does not matter. The row of calls shows it.
create table prewarm.call_states (
  vapi_call_id text        primary key,
  org_id       uuid        not null,
  state        jsonb       not null,
  updated_at   timestamptz not null default statement_timestamp()
);

create index call_states_updated_at on prewarm.call_states (updated_at);
