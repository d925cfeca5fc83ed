-- Marks updated and deleted contacts. When a contact is deleted, its calls lose it and its appointments go with it, and
-- those changes mark the rest. A contact that moves to another org leaves calls and appointments behind, none of which
-- counts as its success any more.
create or replace function prewarm.mark_contacts() returns trigger
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  listed bigint;
  rows   bigint;
begin
  if tg_op = 'DELETE' then
    insert into prewarm.marks (org_id, what, contacts)
    select org_id, 'contacts', array[id]
      from old_rows
     where org_id is not null
     limit prewarm.wide_from();
    get diagnostics listed = row_count;
    if prewarm.is_wide(listed) then
      insert into prewarm.marks (org_id, what, wide)
      select distinct org_id, 'contacts', true from old_rows where org_id is not null;
    end if;
  else
    insert into prewarm.marks (org_id, what, contacts)
    select n.org_id, 'contacts', array[n.id]
      from new_rows n
      join old_rows o on o.id = n.id and o.org_id = n.org_id
     limit prewarm.wide_from();
    get diagnostics listed = row_count;
    rows := (select count(*) from (select from new_rows limit prewarm.wide_from()) few);
    if prewarm.is_wide(rows) then
      insert into prewarm.marks (org_id, what, wide)
      select org_id, 'contacts', true from (select org_id from new_rows union select org_id from old_rows) as orgs
       where org_id is not null;
    elsif listed < rows then
      insert into prewarm.marks (org_id, what, contacts, booked)
      select org_id, 'contacts', array[id], array[id]
        from (select org_id, id from new_rows union select org_id, id from old_rows) as both_rows
       where org_id is not null;
    end if;
  end if;
  return null;
end $$;
