-- The release that applied the code: of two digests the later release's is the newer one.
alter table prewarm.schema add column if not exists release int[] not null default '{0,0,0}';
