-- Marks inserted calls, one mark a row: gathering the rows of an org costs each writer more than it saves the rebuild.
-- Of many rows the first are listed before it is known that they are many, which does no harm.
--
-- Inserting is what writers do all day, and setting a search path for the function takes as long as the rest of it. So
-- it has none and looks nothing up: functions are named by their schema, there are no operators, and transition tables
-- come first.
create or replace function prewarm.mark_new_calls() returns trigger
language plpgsql security definer as $$
declare
  listed bigint;
begin
  insert into prewarm.marks (org_id, what, contacts, phones, bins)
  select org_id, 'calls', array[contact_id], array[phone_number], array[prewarm.bin_of(created_at)]
    from new_rows
   where org_id is not null
   limit prewarm.wide_from();
  get diagnostics listed = row_count;
  if prewarm.is_wide(listed) then
    insert into prewarm.marks (org_id, what, wide)
    select distinct org_id, 'calls', true from new_rows where org_id is not null;
  end if;
  return null;
end $$;
