-- Marks updated and deleted appointments, as prewarm.mark_calls does calls.
create or replace function prewarm.mark_appointments() returns trigger
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  listed bigint;
  rows   bigint;
begin
  if tg_op = 'DELETE' then
    insert into prewarm.marks (org_id, what, booked, bins)
    select org_id, 'appointments', array[contact_id], array[prewarm.bin_of(created_at)]
      from old_rows
     where org_id is not null
     limit prewarm.wide_from();
    get diagnostics listed = row_count;
    if prewarm.is_wide(listed) then
      insert into prewarm.marks (org_id, what, wide)
      select distinct org_id, 'appointments', true from old_rows where org_id is not null;
    end if;
  else
    insert into prewarm.marks (org_id, what, booked, bins)
    select n.org_id, 'appointments', array[o.contact_id, n.contact_id],
           array[prewarm.bin_of(o.created_at), prewarm.bin_of(n.created_at)]
      from new_rows n
      join old_rows o on o.id = n.id and o.org_id = n.org_id
     limit prewarm.wide_from();
    get diagnostics listed = row_count;
    rows := (select count(*) from (select from new_rows limit prewarm.wide_from()) few);
    if prewarm.is_wide(rows) then
      insert into prewarm.marks (org_id, what, wide)
      select org_id, 'appointments', true from (select org_id from new_rows union select org_id from old_rows) as orgs
       where org_id is not null;
    elsif listed < rows then
      insert into prewarm.marks (org_id, what, booked, bins)
      select org_id, 'appointments', array[contact_id], array[prewarm.bin_of(created_at)]
        from (select org_id, contact_id, created_at from new_rows
              union select org_id, contact_id, created_at from old_rows) as both_rows
       where org_id is not null;
    end if;
  end if;
  return null;
end $$;
