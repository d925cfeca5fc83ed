-- Sums of the calls that name a contact, for some contacts of an org but its frequent callers or, without a list, for all; and the part of each
-- sum that the calls of the contact's number hold, too.
create or replace function prewarm.sums_by_contact(org uuid, touched uuid[])
returns table (
  contact uuid, calls bigint, last_at timestamptz, last_id uuid, duration_total bigint, duration_calls bigint,
  sentiment_total bigint, calls_too bigint, duration_total_too bigint, duration_calls_too bigint, sentiment_total_too bigint
)
language plpgsql stable as $$
begin
  if touched is null then
    return query
    select c.id, count(*), max(prewarm.in_order(k.created_at)),
           (array_agg(k.id order by prewarm.in_order(k.created_at) desc, k.id desc))[1],
           coalesce(sum(k.duration_seconds), 0), count(k.duration_seconds),
           coalesce(sum(prewarm.sentiment_of(k.sentiment_label)), 0), count(*) filter (where k.phone_number = c.phone),
           coalesce(sum(k.duration_seconds) filter (where k.phone_number = c.phone), 0),
           count(k.duration_seconds) filter (where k.phone_number = c.phone),
           coalesce(sum(prewarm.sentiment_of(k.sentiment_label)) filter (where k.phone_number = c.phone), 0)
      from prewarm.source_calls k
      join prewarm.source_contacts c on c.id = k.contact_id
     where k.org_id = org
       and c.org_id = org
     group by c.id;
  else
    return query
    select one.id, s.*
      from prewarm.seldom_callers(org, touched) as one (id)
     cross join lateral (
       select count(*), max(prewarm.in_order(k.created_at)),
              (array_agg(k.id order by prewarm.in_order(k.created_at) desc, k.id desc))[1],
              coalesce(sum(k.duration_seconds), 0), count(k.duration_seconds),
              coalesce(sum(prewarm.sentiment_of(k.sentiment_label)), 0), count(*) filter (where k.phone_number = c.phone),
              coalesce(sum(k.duration_seconds) filter (where k.phone_number = c.phone), 0),
              count(k.duration_seconds) filter (where k.phone_number = c.phone),
              coalesce(sum(prewarm.sentiment_of(k.sentiment_label)) filter (where k.phone_number = c.phone), 0)
         from (select phone from prewarm.source_contacts where id = one.id limit 1) c
        cross join lateral (
          select * from prewarm.source_calls o where o.contact_id = one.id and o.org_id is not distinct from org offset 0
        ) k
     ) s;
  end if;
end $$;
