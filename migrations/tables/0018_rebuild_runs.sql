-- Runs of `prewarm rebuild --all`, so that one which was killed goes on where it stopped.
create table prewarm.rebuild_runs (
  run         bigint      primary key,
  started_at  timestamptz not null default statement_timestamp(),
  finished_at timestamptz,
  next_org    uuid        not null default '00000000-0000-0000-0000-000000000000'
);
comment on table prewarm.rebuild_runs is 'runs of `prewarm rebuild --all`; one at a time';
comment on column prewarm.rebuild_runs.next_org is 'every org with a lesser id is done';
create sequence prewarm.rebuild_run;
create unique index rebuild_runs_open on prewarm.rebuild_runs ((finished_at is null)) where finished_at is null;

create table prewarm.rebuild_failures (
  run    bigint not null references prewarm.rebuild_runs on delete cascade,
  org_id uuid   not null,
  reason text   not null,
  primary key (run, org_id)
);
comment on table prewarm.rebuild_failures is 'orgs that a run could not rebuild';
