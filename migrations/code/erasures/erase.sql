-- Removes of an erasure what n calls have, and says whether that was all. Null: it is another's turn, or over.
create or replace function prewarm.erase(erasure bigint, n int) returns boolean
language plpgsql set search_path = pg_catalog, pg_temp as $$
declare
  e      prewarm.erasures;
  calls  text[];
  is_all boolean;
begin
  select * into e from prewarm.erasures owed where owed.id = erasure and owed.erased_at is null for update skip locked;
  if not found then
    return null;
  end if;
  perform set_config('prewarm.erasing', 'on', true);
  calls := prewarm.calls_to_erase(e, n);
  is_all := case when e.what in ('org', 'lost calls') then cardinality(calls) < n else cardinality(e.calls) <= n end;
  if e.what in ('org', 'lost calls') then
    perform prewarm.bury(array(select 'call ' || call from unnest(calls) as call), 'call');
  end if;
  perform prewarm.erase_events(e, calls);
  perform prewarm.erase_call_states(e, calls);
  if e.what = 'org' then
    is_all := prewarm.erase_events_of_org(e, n * 10) < n * 10 and is_all;
  end if;
  if not is_all then
    update prewarm.erasures owed set calls = e.calls[n + 1:] where owed.id = erasure;
    return false;
  end if;
  if e.what = 'org' then
    perform prewarm.erase_org(e);
  end if;
  perform prewarm.count_removed(e.id, 'actionable_leads', prewarm.drop_lead(e.org_id, e.contact_id)::int);
  -- A contact that was made again meanwhile has lost the lead that its rebuild had made.
  insert into prewarm.marks (org_id, what, contacts)
  select c.org_id, 'contacts', array[c.id] from prewarm.source_contacts c where c.id = e.contact_id and c.org_id = e.org_id;
  update prewarm.erasures owed set erased_at = statement_timestamp(), calls = '{}', contact_id = null where owed.id = erasure;
  return true;
end $$;
