drop index public.phone_numbers_phone_number;

create index events_received_at on prewarm.events (received_at);

drop index prewarm.events_bodies;

drop index prewarm.events_parked_number;

drop index prewarm.events_parked_assistant;

alter table prewarm.events drop column replay_after;
