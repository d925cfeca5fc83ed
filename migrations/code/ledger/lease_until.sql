-- Until when a lease runs that is taken until an instant, after so many starts without an end: longer in quarantine.
create or replace function prewarm.lease_until(starts int, until timestamptz) returns timestamptz
language sql stable
return case
         when starts < prewarm.quarantine_starts() then until
         else greatest(until, statement_timestamp() + prewarm.quarantine_pause())
       end;
