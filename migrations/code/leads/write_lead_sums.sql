-- Makes the sums of some buckets of an org's leads again, and the sums above them.
create or replace procedure prewarm.write_lead_sums(org uuid, buckets int[])
language plpgsql as $$
begin
  insert into prewarm.lead_sums (org_id, level, bucket, pipeline_total, hot_leads)
  select org, 0, b.bucket, l.pipeline_total, l.hot_leads
    from unnest(buckets) as b (bucket)
   cross join lateral (
     select coalesce(sum(m.estimated_value), 0) as pipeline_total,
            count(*) filter (where m.lead_temperature = 'hot') as hot_leads
       from (
         select held.estimated_value, held.lead_temperature
           from prewarm.actionable_leads held
          where held.org_id = org
            and prewarm.bucket_of(held.id) between b.bucket and b.bucket
          order by prewarm.bucket_of(held.id)
         offset 0
       ) m
   ) l
      on conflict (org_id, level, bucket) do update
     set (pipeline_total, hot_leads) = (excluded.pipeline_total, excluded.hot_leads);
  insert into prewarm.lead_sums (org_id, level, bucket, pipeline_total, hot_leads)
  select org, 1, b.bucket, l.pipeline_total, l.hot_leads
    from (select distinct bucket / 32 as bucket from unnest(buckets) as bucket) b
   cross join lateral (
     select sum(m.pipeline_total) as pipeline_total,
            sum(m.hot_leads) as hot_leads
       from prewarm.lead_sums m
      where m.org_id = org
        and m.level = 0
        and m.bucket between b.bucket * 32 and b.bucket * 32 + 31
   ) l
      on conflict (org_id, level, bucket) do update
     set (pipeline_total, hot_leads) = (excluded.pipeline_total, excluded.hot_leads);
end $$;
