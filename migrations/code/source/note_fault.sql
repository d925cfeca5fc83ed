-- Notes that a trigger could not list what a statement changed. Nothing that it does fails the statement: a fault that
-- cannot even be noted is told in the server's log. Messages about values may quote them, those about a schema name its
-- objects. A fault that goes on is noted once a minute, unless every org is to be marked for it.
create or replace function prewarm.note_fault(what text, code text, message text, every_org boolean default false)
returns void
language plpgsql set search_path = pg_catalog, pg_temp as $$
declare
  said constant text := case when code like '42%' then message else 'SQLSTATE ' || code end;
begin
  if every_org or not exists (
       select
         from prewarm.source_faults f
        where f.what = note_fault.what
          and f.reason = said
          and f.noted_at > statement_timestamp() - interval '1 minute'
     )
  then
    insert into prewarm.source_faults (what, reason, every_org) values (note_fault.what, said, note_fault.every_org);
  end if;
exception when others then
  raise warning 'prewarm could not note a change of %: %', what, said;
end $$;
