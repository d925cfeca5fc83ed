-- Whether an appointment of this status counts as booked. Inlined, so that an index with this condition serves.
create or replace function prewarm.is_live(appointment_status text) returns boolean
language sql immutable return appointment_status in ('pending', 'confirmed', 'in_progress', 'completed');
