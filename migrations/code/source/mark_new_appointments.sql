-- Marks inserted appointments. Has no search path and looks nothing up, as prewarm.mark_new_calls.
create or replace function prewarm.mark_new_appointments() returns trigger
language plpgsql security definer as $$
declare
  listed bigint;
begin
  insert into prewarm.marks (org_id, what, booked, bins)
  select org_id, 'appointments', array[contact_id], array[prewarm.bin_of(created_at)]
    from new_rows
   where org_id is not null
   limit prewarm.wide_from();
  get diagnostics listed = row_count;
  if prewarm.is_wide(listed) then
    insert into prewarm.marks (org_id, what, wide)
    select distinct org_id, 'appointments', true from new_rows where org_id is not null;
  end if;
  return null;
end $$;
