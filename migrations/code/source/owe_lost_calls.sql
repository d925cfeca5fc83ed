-- Owes the erasure of known calls whose rows are gone.
create or replace function prewarm.owe_lost_calls() returns void
language plpgsql set search_path = pg_catalog, pg_temp as $$
begin
  insert into prewarm.erasures (what, org_id)
  select case when exists (select from prewarm.source_organizations o where o.id = known.org_id) then 'lost calls'
              else 'org'
         end,
         known.org_id
    from (select org_id from prewarm.call_states union select org_id from prewarm.versions) as known;
end $$;
