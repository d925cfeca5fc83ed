-- All sums of an org's leads, of buckets that have any.
create or replace function prewarm.lead_sums_of(org uuid) returns setof prewarm.lead_sums
language sql stable
begin atomic
  with buckets as materialized (
    select prewarm.bucket_of(l.id) as bucket, coalesce(sum(l.estimated_value), 0) as pipeline_total,
           count(*) filter (where l.lead_temperature = 'hot') as hot_leads
      from prewarm.actionable_leads l
     where l.org_id = org
     group by prewarm.bucket_of(l.id)
  )
  select org, 0::smallint, b.* from buckets b
  union all
  select org, 1::smallint, bucket / 32, sum(pipeline_total), sum(hot_leads)::bigint from buckets group by bucket / 32;
end;
