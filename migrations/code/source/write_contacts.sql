-- Finds or makes the contacts of callers. A new caller becomes a new lead. For a known one the time of the last contact moves
-- forward, never back, and a missing name is filled in. The arrays run side by side, each pair of org and phone once; a null
-- instant means now. The conflict is on the id that was found: one statement serves both cases, and finds its rows by index
-- under any plan.
create or replace function prewarm.write_contacts(
  orgs uuid[], phones text[], digits text[], names text[], instants timestamptz[]
) returns table (org_id uuid, phone text, id uuid)
language plpgsql as $$
#variable_conflict use_column
begin
  return query
  with callers as materialized (
    select c.org_id, c.phone, c.name, coalesce(c.at, statement_timestamp()) as at,
           coalesce(k.id, gen_random_uuid()) as id
      from unnest(orgs, phones, digits, names, instants) as c (org_id, phone, digits, name, at)
     cross join lateral prewarm.contact_of(c.org_id, c.phone, c.digits) k
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
