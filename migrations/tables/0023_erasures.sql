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
comment on column prewarm.erasures.what is 'org; caller: who made these calls, and what was said; calls: these; lost calls: those of the org that have no row any more';
comment on column prewarm.erasures.calls is 'Vapi''s ids; none once they are erased';
comment on column prewarm.erasures.erased_at is 'when Postgres held nothing of it but an older blob';
comment on column prewarm.erasures.done_at is 'when no blob showed it any more, here or in Redis';
comment on column prewarm.erasures.removed is 'rows by place';
create index erasures_owed on prewarm.erasures (id) where done_at is null;
create index erasures_org on prewarm.erasures (org_id, done_at);
create index erasures_done on prewarm.erasures (done_at) where done_at is not null;

-- Tombstones, which keep erased data from coming back: keyed hashes of `call <Vapi's id>`, `phone <org or *> <digits>`, and
-- `assistant <id>` and `number <id>` of a deleted org.
create table prewarm.tombstones (
  hash    bytea       primary key,
  kind    text        not null check (kind in ('call', 'caller')),
  made_at timestamptz not null default statement_timestamp()
);
comment on table prewarm.tombstones is 'names no one; kept as long as the keys of events';
comment on column prewarm.tombstones.kind is 'call: nothing is taken any more; caller: all but who called and what was said';
create index tombstones_made_at on prewarm.tombstones (made_at);

-- The key of the tombstones: without it nobody finds out whom one stands for.
create table prewarm.erasure_key (
  key       bytea   not null check (length(key) = 32),
  singleton boolean primary key default true check (singleton)
);
insert into prewarm.erasure_key (key)
select sha256(uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid()));
