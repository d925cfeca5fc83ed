-- Owes the erasure of the calls of one org that somebody made.
create or replace function prewarm.owe_caller(org uuid, contact uuid, calls text[], names text[]) returns void
language plpgsql set search_path = pg_catalog, pg_temp as $$
begin
  insert into prewarm.erasures (what, org_id, contact_id, calls) values ('caller', org, contact, calls);
  perform prewarm.bury(array(select 'call ' || call from unnest(calls) as call) || names, 'caller');
end $$;
