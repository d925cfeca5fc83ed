-- An org has one blob per model. An earlier release can read a later one's, so processes need not record the format that
-- they read.
drop view if exists prewarm.live_nodes;

drop table prewarm.nodes;

drop function if exists prewarm.outdated(int, int);

delete from prewarm.blobs b
 where not exists (select from prewarm.versions v where (v.org_id, v.format) = (b.org_id, b.format));

alter table prewarm.blobs drop column format, add primary key (org_id, model);

alter table prewarm.versions drop column oldest;

comment on column prewarm.versions.format is 'of the release that made it: its models, and their shapes';
