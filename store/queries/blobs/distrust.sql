-- store::blobs::distrust
-- Has an org's blobs written again, and leaves them in place for processes that can read them. A rebuild writes a blob
-- whose digest differs from the stored one, so the stored digest is replaced by one that no body has. Blobs that were
-- written again in the meantime keep theirs. $1 org; side by side $2 models and $3 the digests that were stored when
-- they were read; $4 the number of blobs that an edition has.
with doubted as (
  update prewarm.blobs b
     set digest = '\x00000000000000000000000000000000'
    from unnest($2::text[], $3::bytea[]) as read (model, digest)
   where b.org_id = $1
     and (b.model, b.digest) = (read.model, read.digest)
  returning b.model
)
insert into prewarm.marks (org_id, what)
select $1, 'blobs'
 where (exists (select from doubted) or (select count(*) from prewarm.blobs where org_id = $1) < $4)
   and not exists (select from prewarm.marks where org_id = $1 and what = 'blobs')
