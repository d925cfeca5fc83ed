-- Events of assistants and numbers that nobody knew: found by what they wait for, and taken up once a map of ours has it;
-- and events whose bodies are kept no longer.

alter table prewarm.events add column replay_after timestamptz;

comment on column prewarm.events.replay_after is 'parked, and its effect could not be written: not tried again before';

create index events_parked_assistant
  on prewarm.events (assistant_id, id)
  where org_id is null and body is not null and assistant_id is not null;

create index events_parked_number
  on prewarm.events (phone_number_id, id)
  where org_id is null and body is not null and phone_number_id is not null;

-- Those that a map may have some day: an event that names neither waits for nothing.
drop index prewarm.events_parked;

create index events_parked
  on prewarm.events (id)
  where org_id is null and body is not null and (assistant_id is not null or phone_number_id is not null);

-- The oldest bodies. Keys, which are kept for longer, are found by number.
create index events_bodies on prewarm.events (received_at) where body is not null;

drop index prewarm.events_received_at;

-- The second way in which an incoming call names our number.
create index phone_numbers_phone_number on public.phone_numbers (phone_number) where phone_number is not null;
