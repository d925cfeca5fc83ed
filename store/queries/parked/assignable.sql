-- store::parked::assignable
-- The assistants and numbers that events are parked for and that our maps have, each for one org. A merge of two sorted
-- lists that skips ahead: from a parked id to the first of ours that is not less, and from there to the next parked
-- one. It takes as many index probes as the shorter list has ids, whichever that is: a hundred thousand events of
-- foreign assistants cost no more than our own assistants are, and many assistants no more than the parked ones.
with recursive assistants as (
  (select first.parked,
          (select min(vapi_assistant_id) from prewarm.source_agents where vapi_assistant_id >= first.parked) as ours
     from (select assistant_id as parked
             from prewarm.events
            where org_id is null and body is not null and assistant_id is not null
            order by assistant_id
            limit 1) first)
  union all
  select next.parked,
         (select min(vapi_assistant_id) from prewarm.source_agents where vapi_assistant_id >= next.parked)
    from assistants
   cross join lateral (
     select assistant_id as parked
       from prewarm.events
      where org_id is null and body is not null and assistant_id is not null
        and assistant_id > assistants.parked
        and assistant_id >= assistants.ours
      order by assistant_id
      limit 1
   ) next
),
numbers as (
  (select first.parked,
          (select min(vapi_phone_number_id) from prewarm.source_phone_numbers where vapi_phone_number_id >= first.parked) as ours
     from (select phone_number_id as parked
             from prewarm.events
            where org_id is null and body is not null and phone_number_id is not null
            order by phone_number_id
            limit 1) first)
  union all
  select next.parked,
         (select min(vapi_phone_number_id) from prewarm.source_phone_numbers where vapi_phone_number_id >= next.parked)
    from numbers
   cross join lateral (
     select phone_number_id as parked
       from prewarm.events
      where org_id is null and body is not null and phone_number_id is not null
        and phone_number_id > numbers.parked
        and phone_number_id >= numbers.ours
      order by phone_number_id
      limit 1
   ) next
)
select array(
         select parked from assistants
          where parked = ours
            and (select o.org_id from prewarm.owner_of(parked, null) o) is not null
          order by parked
       ) as "assistants!",
       array(
         select parked from numbers
          where parked = ours
            and (select o.org_id from prewarm.owner_of(null, parked) o) is not null
          order by parked
       ) as "numbers!"
