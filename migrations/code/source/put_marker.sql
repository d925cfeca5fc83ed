-- Creates prewarm.mark_<what>_<event>(), the trigger function for one event of a source table, and its trigger. `listing` is a
-- statement that appends a mark per row, `whole` one that appends a mark per org. If `listing` is bounded, a statement that
-- changes many rows lists the first of them, which is harmless, and then marks the orgs whole: a COPY of a million rows
-- costs a hundred marks.
--
-- A fault never fails the writer. `listing` first runs without rows, in a block that catches a renamed column, another type
-- or a lock. A block that writes nothing takes no transaction id, so a transaction of a thousand statements does not slow
-- down the snapshots of other sessions. Only faults such as a full disk are left for the second run. After a fault the orgs
-- of the rows are marked whole.
--
-- The function has no search path, since setting one takes as long as the rest of it. It qualifies functions and operators
-- with their schema, because it runs with our rights. No trigger sends NOTIFY, which would serialise the commits of all
-- writers.
create or replace procedure prewarm.put_marker(
  source regclass, what text, event text, listing text, whole text, bounded boolean
)
language plpgsql set search_path = pg_catalog, pg_temp as $$
declare
  rows constant text := case event
                          when 'insert' then 'new table as new_rows'
                          when 'update' then 'old table as old_rows new table as new_rows'
                          when 'delete' then 'old table as old_rows'
                        end;
begin
  execute format($make$
    create or replace function prewarm.mark_%1$s_%2$s() returns trigger
    language plpgsql security definer as $marker$
    declare
      listed bigint;
    begin
      begin
        %3$s limit 0;
      exception when others then
        begin
          %4$s;
          perform prewarm.note_fault(%1$L, sqlstate, sqlerrm);
        exception when others then
          perform prewarm.note_fault(%1$L, sqlstate, sqlerrm, true);
        end;
        return null;
      end;
      %3$s limit %5$s;
      get diagnostics listed = row_count;
      if %6$L and prewarm.is_wide(listed) then
        %4$s;
      end if;
      return null;
    end $marker$
  $make$, what, event, listing, whole, case when bounded then 'prewarm.wide_from()' else 'all' end, bounded);
  call prewarm.put_trigger(source, 'prewarm_' || event, format('after %s on %%s referencing %s for each statement', event, rows),
                           format('prewarm.mark_%s_%s', what, event)::regproc);
end $$;
