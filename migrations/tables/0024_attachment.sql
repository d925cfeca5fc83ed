-- The attachment of the application's tables: the map, the tables that it named then, and what has come to differ since.
alter table prewarm.schema add column map jsonb;

comment on column prewarm.schema.map is 'a file of migrations/maps, or one like it, with its rules as columns; null without a source';

create table prewarm.attached_tables (
  source   text,
  relation regclass,
  is_whole boolean not null,
  shape    text    not null,
  primary key (source, relation)
);

comment on table prewarm.attached_tables is 'the tables of the map when it was attached, and their partitions as of the last look';
comment on column prewarm.attached_tables.shape is 'as prewarm.shape_of has it';

create table prewarm.source_drift (
  finding text        primary key,
  source  text        not null,
  seen    text        not null,
  wanted  text        not null,
  remedy  text        not null,
  since   timestamptz not null default statement_timestamp()
);

comment on table prewarm.source_drift is 'differences between the source and the map, as of the last look of a worker';
comment on column prewarm.source_drift.finding is 'a stable name, such as trigger:public.calls:prewarm_insert';

-- A table that is published must have a key, or nothing can be deleted from it. For marks the whole row serves: an index would
-- cost every writer.
alter table prewarm.source_faults add column id bigint generated always as identity primary key;
alter table prewarm.marks replica identity full;
alter table prewarm.agent_marks replica identity full;

drop function if exists prewarm.columns_of, prewarm.additions_of, prewarm.differences_of;
drop procedure if exists prewarm.watch_source, prewarm.read, prewarm.watch, prewarm.watch_agents, prewarm.put_marker;
