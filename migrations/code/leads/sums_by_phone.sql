-- Sums of the calls of a phone, for some phones of an org or, without a list, for all.
create or replace function prewarm.sums_by_phone(org uuid, phones text[])
returns table (
  phone text, calls bigint, last_at timestamptz, last_id uuid, duration_total bigint, duration_calls bigint,
  sentiment_total bigint
)
language plpgsql stable as $$
begin
  if phones is null then
    return query
    select k.phone_number, count(*), max(prewarm.in_order(k.created_at)),
           (array_agg(k.id order by prewarm.in_order(k.created_at) desc, k.id desc))[1],
           coalesce(sum(k.duration_seconds), 0), count(k.duration_seconds),
           coalesce(sum(prewarm.sentiment_of(k.sentiment_label)), 0)
      from prewarm.source_calls k
     where k.org_id = org
       and k.phone_number is not null
     group by k.phone_number;
  else
    return query
    select one.phone, s.*
      from unnest(phones) as one (phone)
     cross join lateral (
       select count(*), max(prewarm.in_order(k.created_at)),
              (array_agg(k.id order by prewarm.in_order(k.created_at) desc, k.id desc))[1],
              coalesce(sum(k.duration_seconds), 0), count(k.duration_seconds),
              coalesce(sum(prewarm.sentiment_of(k.sentiment_label)), 0)
         from (
           select *
             from prewarm.source_calls o
            where o.org_id = org
              and o.phone_number between one.phone and one.phone
            order by o.phone_number
           offset 0
         ) k
     ) s;
  end if;
end $$;
