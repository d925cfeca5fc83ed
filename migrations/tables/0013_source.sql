-- Faults of the triggers on the source tables. A fault never fails the statement of the writer: it leaves a row here.
create table prewarm.source_faults (
  what      text        not null,
  reason    text        not null,
  every_org boolean     not null default false,
  erasure   boolean     not null default false,
  noted_at  timestamptz not null default statement_timestamp()
) with (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 1000);
comment on table prewarm.source_faults is 'changes of the source that could not be listed: each for ten minutes, those of an erasure until somebody deletes them';
comment on column prewarm.source_faults.what is 'the source table';
comment on column prewarm.source_faults.reason is 'the message of Postgres where it is about a schema, else its SQLSTATE';
comment on column prewarm.source_faults.every_org is 'every org and every agent is still to be marked: the rows did not say whose they are';
comment on column prewarm.source_faults.erasure is 'deleted data is kept, and has to be erased by hand';
