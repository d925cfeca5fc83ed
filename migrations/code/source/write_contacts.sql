-- Finds or makes the contacts of callers. A caller that nobody knew is a new lead. Of one that was known the time moves on,
-- and the name is set if nobody knew it; a late message of an early call does not turn the clock back. The arrays are side
-- by side, each pair of org and phone once; an instant that is null is now. The conflict is with the id that was found:
-- one statement for both, which finds its rows by index whatever the plan.
create or replace function prewarm.write_contacts(
  orgs uuid[], phones text[], digits text[], names text[], instants timestamptz[]
) returns table (org_id uuid, phone text, id uuid)
language plpgsql as $$
#variable_conflict use_column
begin
  return query
  with callers as materialized (
    select c.org_id, c.phone, c.name, coalesce(c.at, statement_timestamp()) as at,
           coalesce(prewarm.find_contact(c.org_id, c.phone, c.digits), gen_random_uuid()) as id
      from unnest(orgs, phones, digits, names, instants) as c (org_id, phone, digits, name, at)
  ),
  written as (
    insert into public.contacts as held (id, org_id, name, phone, lead_status, last_contact_at)
    select distinct on (id) id, org_id, name, phone, 'new', at
      from callers
     order by id, at desc
        on conflict (id) do update
       set last_contact_at = greatest(held.last_contact_at, excluded.last_contact_at),
           name = coalesce(held.name, excluded.name)
     where held.org_id = excluded.org_id
       and (held.last_contact_at is null
            or held.last_contact_at < excluded.last_contact_at
            or (held.name is null and excluded.name is not null))
  )
  select c.org_id, c.phone, c.id
    from callers c
   order by c.org_id, c.phone;
end $$;
