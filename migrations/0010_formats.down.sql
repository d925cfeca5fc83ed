drop function prewarm.outdated;

delete from prewarm.blobs b
 using prewarm.versions v
 where v.org_id = b.org_id
   and v.format <> b.format;

alter table prewarm.blobs drop constraint blobs_pkey;
alter table prewarm.blobs add primary key (org_id, model);
alter table prewarm.blobs drop column format;

alter table prewarm.versions drop column oldest;

comment on column prewarm.versions.format is 'of the blobs; an older one is owed a rebuild';

drop view prewarm.live_nodes;
drop table prewarm.nodes;
