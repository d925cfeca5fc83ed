-- Shows for as long as the session lasts that a process lives: see prewarm.lives.
create or replace function prewarm.hold_life(life int) returns void
language sql as $$ select pg_advisory_lock_shared(hashtext('prewarm.life'), life) $$;
