-- Puts the triggers that make marks on one source table. They fire for each statement: a COPY of a million rows lists few.
-- No trigger sends NOTIFY: it would serialise the commits of all writers. The functions are SECURITY DEFINER, because a
-- writer has no right on our schema. A row without an org is nobody's, and marks nothing.
create or replace procedure prewarm.watch(
  source regclass, on_insert regproc, on_update regproc, on_delete regproc, on_truncate regproc
)
language plpgsql set search_path = pg_catalog, pg_temp as $$
begin
  call prewarm.put_trigger(
    source, 'prewarm_insert', 'after insert on %s referencing new table as new_rows for each statement', on_insert);
  call prewarm.put_trigger(
    source, 'prewarm_update',
    'after update on %s referencing old table as old_rows new table as new_rows for each statement', on_update);
  call prewarm.put_trigger(
    source, 'prewarm_delete', 'after delete on %s referencing old table as old_rows for each statement', on_delete);
  call prewarm.put_trigger(source, 'prewarm_truncate', 'after truncate on %s for each statement', on_truncate);
end $$;
