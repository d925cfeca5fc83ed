-- Creates prewarm.mark_<source>_<event>(), the trigger function for one event of a source. `listing` is a statement that
-- appends a mark per row, `whole` one that appends a mark per org. If `listing` is bounded, a statement that changes many rows
-- lists the first of them, which is harmless, and then marks the orgs whole: a COPY of a million rows costs a hundred marks.
--
-- A fault never fails the writer. `listing` first runs without rows, in a block that catches a renamed column, another type
-- or a lock. A block that writes nothing takes no transaction id, so a transaction of a thousand statements does not slow
-- down the snapshots of other sessions. Only faults such as a full disk, or a value that cannot be cast, are left for the
-- second run, which a block of its own catches where expressions may raise them. After a fault the orgs of the rows are
-- marked whole.
--
-- The function has no search path where the map names plain columns, since setting one takes as long as the rest of it. It
-- qualifies functions and operators with their schema, because it runs with our rights. No trigger sends NOTIFY, which would
-- serialise the commits of all writers.
create or replace procedure prewarm.put_marker(
  source text, event text, listing text, whole text, bounded boolean, plain boolean
)
language plpgsql set search_path = pg_catalog, pg_temp as $$
declare
  fault constant text := format($fault$
        begin
          %1$s;
          perform prewarm.note_fault(%2$L, sqlstate, sqlerrm);
        exception when others then
          perform prewarm.note_fault(%2$L, sqlstate, sqlerrm, true);
        end;
        return null;$fault$, whole, source);
begin
  execute format($make$
    create or replace function prewarm.mark_%1$s_%2$s() returns trigger
    language plpgsql security definer %8$s as $marker$
    declare
      prewarm_listed bigint;
    begin
      begin
        %3$s limit 0;
      exception when others then %7$s
      end;
      %9$s
      %3$s limit %5$s;
      get diagnostics prewarm_listed = row_count;
      if %6$L and prewarm.is_wide(prewarm_listed) then
        %4$s;
      end if;
      %10$s
      return null;
    end $marker$
  $make$, source, event, listing, whole, case when bounded then 'prewarm.wide_from()' else 'all' end, bounded, fault,
          case when not plain then 'set search_path = pg_catalog, pg_temp' end,
          case when not plain then 'begin' end,
          case when not plain then format('exception when others then %s end;', fault) end);
end $$;
