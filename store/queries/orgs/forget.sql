-- store::orgs::forget
-- Removes all that was made for a deleted org. One row: whether there was anything.
-- $1 org.
with leads as (
  delete from prewarm.actionable_leads where org_id = $1
),
sums as (
  delete from prewarm.sums where org_id = $1
),
maintained as (
  delete from prewarm.maintained where org_id = $1
),
blobs as (
  delete from prewarm.blobs where org_id = $1
),
versions as (
  delete from prewarm.versions where org_id = $1 returning org_id
)
select exists (select from versions) as "existed!"
