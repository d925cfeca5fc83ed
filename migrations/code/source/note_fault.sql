-- Notes that a trigger could not list the changes of a statement. It never fails that statement: a fault that cannot be noted
-- goes to the server's log. Messages about a schema name its objects; others may quote a value, and only their SQLSTATE is
-- kept. A fault that lasts is noted once a minute, and one of an erasure once, unless every org has to be marked for it.
create or replace function prewarm.note_fault(
  what text, code text, message text, every_org boolean default false, erasure boolean default false
) returns void
language plpgsql set search_path = pg_catalog, pg_temp as $$
declare
  shown constant text := case when code like '42%' then message else 'SQLSTATE ' || code end;
begin
  if every_org or not exists (
       select
         from prewarm.source_faults f
        where f.what = note_fault.what
          and f.reason = shown
          and f.erasure = note_fault.erasure
          and (f.erasure or f.noted_at > statement_timestamp() - interval '1 minute')
     )
  then
    insert into prewarm.source_faults (what, reason, every_org, erasure)
    values (note_fault.what, shown, note_fault.every_org, note_fault.erasure);
  end if;
exception when others then
  raise warning 'prewarm could not note a change of %: %', what, shown;
end $$;
