-- The ledger: what is owed (marks, deadlines, leases) and what was made (versions, blobs).

-- Changes, appended by the transaction that makes them. No unique key and no foreign key: a writer never
-- waits for another writer, for a rebuild, or for the org's own row. Only a rebuild that saw a mark removes it.
-- Old and new rows both count: a call that moves between contacts touches both.
create table prewarm.marks (
  org_id    uuid        not null,
  what      text        not null,
  xid       xid8        not null default pg_current_xact_id(),
  marked_at timestamptz not null default statement_timestamp(),
  contacts  uuid[],
  phones    text[],
  booked    uuid[],
  bins      timestamptz[],
  wide      boolean     not null default false
) with (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 1000, autovacuum_vacuum_cost_delay = 0);

comment on column prewarm.marks.what is 'the source table that changed';
comment on column prewarm.marks.xid is 'the transaction; a receipt is included once no mark of the org has its xid';
comment on column prewarm.marks.contacts is 'contacts whose lead has to be made anew';
comment on column prewarm.marks.phones is 'numbers whose contacts'' leads have to be made anew';
comment on column prewarm.marks.booked is 'contacts whose appointments changed, and with them the success of their calls';
comment on column prewarm.marks.bins is 'bins of time whose sums have to be made anew';
comment on column prewarm.marks.wide is 'too much to be listed: the whole org has to be made anew';

create index marks_org on prewarm.marks (org_id, xid);

-- The newest version of each org. A row exists from the org's first rebuild on.
create table prewarm.versions (
  org_id         uuid        primary key,
  epoch          bigint      not null,
  n              bigint      not null check (n > 0),
  format         int         not null,
  as_of          timestamptz not null,
  next_change_at timestamptz,
  published      boolean     not null default false,
  took           interval,
  oldest         int         not null default 1
) with (fillfactor = 70);

comment on column prewarm.versions.n is 'rebuilds of the org within the epoch, in the order of their snapshots';
comment on column prewarm.versions.format is 'the newest of its blobs; 0 when they were unusable';
comment on column prewarm.versions.as_of is 'the instant that the models are true for';
comment on column prewarm.versions.next_change_at is 'the first instant at which a model would differ by time alone';
comment on column prewarm.versions.published is 'whether this version has reached Redis and the feed';
comment on column prewarm.versions.took is 'from the start of the rebuild''s transaction to its last statements';
comment on column prewarm.versions.oldest is 'the oldest of its blobs; rows of formats outside are left over';

create index versions_deadline on prewarm.versions (next_change_at) where next_change_at is not null;

create index versions_unpublished on prewarm.versions (org_id) where not published;

create index versions_format on prewarm.versions (format);

-- A version that is true for an instant to come was made before the clock went back: what it shows is not so (yet).
create index versions_as_of on prewarm.versions (as_of);

-- The newest blob of each model of each org, in each format that a live node reads. A rebuild that leaves a model's bytes
-- as they were leaves its row alone.
create table prewarm.blobs (
  org_id uuid  not null,
  model  text  not null,
  digest bytea not null check (length(digest) = 16),
  bytes  bytea not null,
  format int   not null,
  primary key (org_id, format, model)
);

-- Compressed already.
alter table prewarm.blobs alter column bytes set storage external;

-- The holder of an org's rebuild, the end of its lease, and the number of starts without an end. Saves work;
-- nothing relies on it, since a rebuild that lost its lease also loses the compare-and-set.
create table prewarm.leases (
  org_id uuid        primary key,
  holder text        not null,
  starts int         not null default 1 check (starts > 0),
  until  timestamptz not null
);

comment on column prewarm.leases.holder is 'the id of the job, or whoever else rebuilds';
comment on column prewarm.leases.starts is 'consecutive starts without an end; from three on the org is in quarantine';
comment on column prewarm.leases.until is 'nobody starts before; after a failure, the end of its back-off';

-- The job that holds a lease, so that an end which comes late never touches the lease of a later start.
create index leases_holder on prewarm.leases (holder);

-- Processes. A rebuild makes the format of each that lives.
create table prewarm.nodes (
  name    text        primary key,
  works   boolean     not null,
  format  int         not null,
  seen_at timestamptz not null default statement_timestamp()
);

comment on column prewarm.nodes.works is 'whether it rebuilds';
comment on column prewarm.nodes.format is 'of the blobs that it reads';

-- Orgs that were there before Prewarm have no marks, and nobody has built them. They are found by walking over all orgs,
-- once at first and then now and then, and built when nothing more urgent is to be done.
create table prewarm.backfill (
  next_org  uuid    default '00000000-0000-0000-0000-000000000000',
  singleton boolean primary key default true check (singleton)
);

comment on table prewarm.backfill is 'the walk over all orgs in search of those that nobody has built';
comment on column prewarm.backfill.next_org is 'where it goes on; null when it is through';

insert into prewarm.backfill default values;

create sequence prewarm.rebuild_run;

-- Runs of `prewarm rebuild --all`, so that one which was killed goes on where it stopped.
create table prewarm.rebuild_runs (
  run         bigint      primary key,
  started_at  timestamptz not null default statement_timestamp(),
  finished_at timestamptz,
  next_org    uuid        not null default '00000000-0000-0000-0000-000000000000'
);

comment on table prewarm.rebuild_runs is 'runs of `prewarm rebuild --all`; one at a time';
comment on column prewarm.rebuild_runs.next_org is 'every org with a lesser id is done';

create unique index rebuild_runs_open on prewarm.rebuild_runs ((finished_at is null)) where finished_at is null;

create table prewarm.rebuild_failures (
  run    bigint not null references prewarm.rebuild_runs on delete cascade,
  org_id uuid   not null,
  reason text   not null,
  primary key (run, org_id)
);

comment on table prewarm.rebuild_failures is 'orgs that a run could not rebuild';
