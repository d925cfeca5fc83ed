-- store::blobs::discard
-- Removes all blobs of one org, and has them made anew: a version without a format is owed a rebuild.
-- $1 org.
with discarded as (
  delete from prewarm.blobs
   where org_id = $1
)
update prewarm.versions
   set (oldest, format) = (0, 0)
 where org_id = $1
