-- store::intake::contacts
-- The contacts of callers: found by org and phone, the oldest of those that share them, or made. A caller that nobody knew
-- is a new lead. Of one that was known the time moves on, and the name is set if nobody knew it; a late message of an early
-- call does not turn the clock back.
-- Side by side: $1 orgs, $2 phones, each pair once, $3 the digits that all spellings of a phone share (null: it has one
-- spelling), $4 names, $5 instants of the contact (null: now).
-- The conflict is with the id that was found: one statement for both, which finds its rows by index whatever the plan.
with callers as materialized (
  select c.org_id, c.phone, c.name, coalesce(c.at, statement_timestamp()) as at, coalesce(found.id, gen_random_uuid()) as id
    from unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::timestamptz[]) as c (org_id, phone, digits, name, at)
    left join lateral (
      select k.id
        from unnest(array[c.phone, '+' || c.digits, c.digits, '00' || c.digits]) with ordinality as spelled (phone, place)
       cross join lateral (
         select id
           from public.contacts
          where org_id = c.org_id
            and phone = spelled.phone
          order by created_at, id
          limit 1
       ) k
       order by spelled.place
       limit 1
    ) found on true
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
select org_id as "org_id!", phone as "phone!", id as "id!"
  from callers
 order by org_id, phone
