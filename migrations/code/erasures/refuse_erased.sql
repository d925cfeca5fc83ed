-- Looks for tombstones again when a transaction that wrote the states of calls commits; it then loses to an erasure. Runs for
-- each row, and most databases have no tombstone: without a search path, which takes longer to set than the rest, and so
-- without operators.
create or replace function prewarm.refuse_erased() returns trigger
language plpgsql as $$
begin
  if exists (select from prewarm.tombstones) then
    call prewarm.check_erased(new);
  end if;
  return null;
end $$;

call prewarm.put_trigger('prewarm.call_states', 'refuse_erased',
                         'after insert or update on %s deferrable initially deferred for each row', 'prewarm.refuse_erased',
                         'constraint trigger');
