-- Creates or replaces a trigger, unless the table has exactly this one: creating a trigger waits for the table's writers, and
-- makes them wait. It is ENABLE ALWAYS, so that it fires in sessions in replica role too. `kind` is `trigger` or `constraint
-- trigger`, and `fires` the text between the name and the function, with %s for the table.
create or replace procedure prewarm.put_trigger(
  source regclass, name text, fires text, calls regproc, kind text default 'trigger'
)
language plpgsql set search_path = pg_catalog, pg_temp as $$
declare
  -- As pg_get_triggerdef writes it.
  wanted constant text := format('create %s %I %s execute function %s()', kind, name, format(fires, source), calls);
begin
  if exists (
       select
         from pg_trigger t
        where t.tgrelid = source
          and t.tgenabled = 'A'
          and lower(pg_get_triggerdef(t.oid)) = lower(wanted)
     )
  then
    return;
  end if;
  if kind = 'trigger' then
    -- Readers of the table do not wait for this.
    execute replace(wanted, 'create trigger', 'create or replace trigger');
  else
    execute format('drop trigger if exists %I on %s', name, source);
    execute wanted;
  end if;
  execute format('alter table %s enable always trigger %I', source, name);
end $$;
