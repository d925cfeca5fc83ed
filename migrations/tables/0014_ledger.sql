-- The ledger: what is owed (marks, deadlines, leases) and what was made (versions, blobs). It is the queue of rebuilds.

-- Changes, appended by the transaction that makes them. No unique key and no foreign key: a writer never waits for another
-- writer, for a rebuild, or for the org's own row. Only a rebuild that saw a mark removes it. Old and new rows both count: a
-- call that moves between contacts touches both.
create table prewarm.marks (
  org_id    uuid        not null,
  what      text        not null,
  xid       xid8        not null default pg_current_xact_id(),
  marked_at timestamptz not null default statement_timestamp(),
  contacts  uuid[],
  phones    text[],
  booked    uuid[],
  wide      boolean     not null default false,
  instants  timestamptz[]
) with (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 1000, autovacuum_vacuum_cost_delay = 0);
comment on column prewarm.marks.what is 'the source table that changed';
comment on column prewarm.marks.xid is 'the transaction; a receipt is included once no mark of the org has its xid';
comment on column prewarm.marks.contacts is 'contacts whose lead has to be made anew';
comment on column prewarm.marks.phones is 'numbers whose contacts'' leads have to be made anew';
comment on column prewarm.marks.booked is 'contacts whose appointments changed, and with them the success of their calls';
comment on column prewarm.marks.wide is 'too much to be listed: the whole org has to be made anew';
comment on column prewarm.marks.instants is 'when the calls and appointments that changed were created: their sums have to be made anew';
create index marks_org on prewarm.marks (org_id, xid);

-- The newest version of each org. A row exists from the org's first rebuild on.
create table prewarm.versions (
  org_id         uuid        primary key,
  epoch          bigint      not null,
  n              bigint      not null check (n > 0),
  format         int         not null,
  as_of          timestamptz not null,
  next_change_at timestamptz,
  took           interval
) with (fillfactor = 70);
comment on column prewarm.versions.n is 'rebuilds of the org within the epoch, in the order of their snapshots';
comment on column prewarm.versions.format is 'of the release that made it: its models, and their shapes';
comment on column prewarm.versions.as_of is 'the instant that the models are true for';
comment on column prewarm.versions.next_change_at is 'the first instant at which a model would differ by time alone';
comment on column prewarm.versions.took is 'from the start of the rebuild''s transaction to its last statements';
create index versions_deadline on prewarm.versions (next_change_at) where next_change_at is not null;
create index versions_format on prewarm.versions (format);
-- A version that is true for an instant to come was made before the clock went back: what it shows is not so (yet).
create index versions_as_of on prewarm.versions (as_of);

-- The newest blob of each model of each org. A rebuild that leaves a model's bytes as they were leaves its row alone.
create table prewarm.blobs (
  org_id uuid  not null,
  model  text  not null,
  digest bytea not null check (length(digest) = 16),
  bytes  bytea not null,
  primary key (org_id, model)
);
-- The bytes are compressed already.
alter table prewarm.blobs alter column bytes set storage external;

-- A lease that is not closed is owed. Leases save work; nothing relies on them, since a rebuild that lost its own also loses the
-- compare-and-set. A row comes and goes with every rebuild.
create table prewarm.leases (
  org_id     uuid        primary key,
  holder     bigint,
  starts     int         not null default 1 constraint leases_starts check (starts >= 0),
  until      timestamptz not null,
  worker     text,
  since      timestamptz not null default now(),
  claimed_at timestamptz not null default now(),
  error      text
) with (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 1000, autovacuum_vacuum_cost_delay = 0);
comment on table prewarm.leases is 'rebuilds that were begun and have not ended well';
comment on column prewarm.leases.holder is 'the number of the start; null when nobody rebuilds the org';
comment on column prewarm.leases.starts is 'consecutive starts without a good end; from three on the org is in quarantine';
comment on column prewarm.leases.until is 'nobody starts before: the end of the lease, or of the back-off';
comment on column prewarm.leases.worker is 'who started';
comment on column prewarm.leases.since is 'the first of the starts';
comment on column prewarm.leases.error is 'how the last attempt ended badly';
create unique index leases_holder on prewarm.leases (holder) where holder is not null;
-- Of those that nobody holds alone: a long snapshot keeps all the others in an index long after they have gone.
create index leases_until on prewarm.leases (until) where holder is null;

-- Orgs that were there before Prewarm have no marks. They are found by walking over all orgs, once at first and then now and
-- then, and built when nothing more urgent is to be done.
create table prewarm.backfill (
  next_org  uuid    default '00000000-0000-0000-0000-000000000000',
  singleton boolean primary key default true check (singleton)
);
comment on table prewarm.backfill is 'the walk over all orgs in search of those that nobody has built';
comment on column prewarm.backfill.next_org is 'where it goes on; null when it is through';
insert into prewarm.backfill default values;
