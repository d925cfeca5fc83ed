drop index prewarm.events_parked;
create index events_parked on prewarm.events (id) where org_id is null and body is not null;
drop index public.phone_numbers_phone_number;

create index events_received_at on prewarm.events (received_at);

drop index prewarm.events_bodies;

drop index prewarm.events_parked_number;

drop index prewarm.events_parked_assistant;

alter table prewarm.events drop column replay_after;
