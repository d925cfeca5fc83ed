-- store::drift::next_for_drift
-- The next org of the walk, after the last the first again. No row without any org.
with step as (
  select (select o.id from prewarm.source_organizations o where o.id >= w.next_org order by o.id limit 1) as org_id
    from prewarm.drift_walk w
),
moved as (
  update prewarm.drift_walk
     set next_org = coalesce((select o.id from prewarm.source_organizations o where o.id > step.org_id order by o.id limit 1),
                             '00000000-0000-0000-0000-000000000000')
    from step
)
select org_id as "org_id!" from step where org_id is not null
