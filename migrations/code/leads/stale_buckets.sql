-- The lead-sum buckets to make again for these contacts: those where value or heat differs. A call changes neither. A
-- contact that is not held may have been until a moment ago, when the rebuild of the org it has moved to took it over.
create or replace function prewarm.stale_buckets(org uuid, touched uuid[]) returns int[]
language plpgsql stable as $$
begin
  return array(
    select distinct prewarm.bucket_of(one.id)
      from unnest(touched) as one (id)
     where (
       select (c.estimated_value, prewarm.temperature_of(c.lead_score) = 'hot')
              is not distinct from (held.estimated_value, held.lead_temperature = 'hot')
         from prewarm.actionable_leads held
        cross join lateral (select * from prewarm.source_contacts s where s.id = held.id limit 1) c
        where held.id = one.id
          and held.org_id is not distinct from org
          and c.org_id = org
          and prewarm.is_actionable(c.lead_status)
     ) is not true
  );
end $$;
