-- store::blobs::read
-- All blobs of one org with the version that they are at. One statement, so that they belong together.
-- $1 org.
select v.epoch, v.n, v.format,
       v.as_of as "as_of: PgTime",
       v.next_change_at as "next_change_at: PgTime",
       b.model, b.bytes
  from prewarm.versions v
  join prewarm.blobs b on b.org_id = v.org_id
 where v.org_id = $1
