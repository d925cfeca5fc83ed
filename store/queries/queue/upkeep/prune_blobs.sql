-- store::queue::upkeep::prune
-- Blobs of formats that their org no longer has.
-- $1 how many at most.
delete from prewarm.blobs b
 where (b.org_id, b.format, b.model) in (
         select old.org_id, old.format, old.model
           from prewarm.versions v
           join prewarm.blobs old on old.org_id = v.org_id
          where old.format not between v.oldest and v.format
          limit $1
       )
