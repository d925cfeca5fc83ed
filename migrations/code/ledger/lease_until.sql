-- The end of a lease that is taken until an instant, after a number of starts without an end: later in quarantine.
create or replace function prewarm.lease_until(starts int, until timestamptz) returns timestamptz
language sql stable
return case
         when starts < prewarm.quarantine_starts() then until
         else greatest(until, statement_timestamp() + prewarm.quarantine_pause())
       end;
