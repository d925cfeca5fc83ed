-- Formats of blobs side by side: while a release takes over from another, an org's blobs are there in the formats of both.

-- Processes. A rebuild makes the format of each that lives.
create table prewarm.nodes (
  name    text        primary key,
  works   boolean     not null,
  format  int         not null,
  seen_at timestamptz not null default statement_timestamp()
);

comment on column prewarm.nodes.works is 'whether it rebuilds';
comment on column prewarm.nodes.format is 'of the blobs that it reads';

-- A node tells each second that it lives. One that is seen in the future was so before the clock went back.
create view prewarm.live_nodes as
  select name, works, format
    from prewarm.nodes
   where seen_at > statement_timestamp() - interval '10 seconds'
     and seen_at < statement_timestamp() + interval '10 seconds';

alter table prewarm.versions add column oldest int not null default 1;

comment on column prewarm.versions.format is 'the newest of its blobs; 0 when they were unusable';
comment on column prewarm.versions.oldest is 'the oldest of its blobs; rows of formats outside are left over';

alter table prewarm.blobs add column format int not null default 1;
alter table prewarm.blobs alter column format drop default;
alter table prewarm.blobs drop constraint blobs_pkey;
alter table prewarm.blobs add primary key (org_id, format, model);

-- Orgs that lack blobs of a binary's format, or of the oldest one that somebody reads.
create function prewarm.outdated(format int, oldest int) returns setof uuid
language sql stable as $$
  select v.org_id
    from prewarm.versions v
   where v.format < $1
  union all
  -- Not asked, and all versions not read, while everybody is of one format.
  select v.org_id
    from prewarm.versions v
   where $2 < $1
     and v.format >= $1
     and v.oldest > $2
$$;
