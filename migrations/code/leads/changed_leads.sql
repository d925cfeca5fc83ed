-- The leads of some contacts of an org, or without a list of all, that are not held as they are at an instant. Of some,
-- leads are looked up by key, wanted and held; only their sums are joined, by hash.
create or replace function prewarm.changed_leads(org uuid, at timestamptz, touched uuid[])
returns setof prewarm.actionable_leads
language plpgsql stable set enable_nestloop = off set enable_hashjoin = on as $$
begin
  if touched is null then
    -- EXCEPT hashes, whatever the statistics say; a join could be planned for ten rows and run for ten thousand.
    return query
    select * from prewarm.leads_of(org, at, null)
    except
    select * from prewarm.actionable_leads held where held.org_id = org;
  else
    return query
    select wanted.*
      from prewarm.leads_of(org, at, touched) wanted
     where (
       select held is not distinct from wanted::prewarm.actionable_leads
         from prewarm.actionable_leads held
        where held.id = wanted.id
     ) is not true;
  end if;
end $$;
