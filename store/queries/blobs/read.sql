-- store::blobs::read
-- An org's blobs with their version, unless an earlier release made it. One statement, so that they belong together.
-- $1 org, $2 format.
select i.id as installation,
       i.epoch,
       v.n,
       v.as_of as "as_of: PgTime",
       v.next_change_at as "next_change_at: PgTime",
       b.model, b.digest, b.bytes
  from prewarm.versions v
 cross join prewarm.installation i
  join prewarm.blobs b on b.org_id = v.org_id
 where v.org_id = $1
   and v.format >= $2
