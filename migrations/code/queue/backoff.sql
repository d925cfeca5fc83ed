-- The pause after so many attempts: doubled up to a minute, and spread by a quarter to both sides.
create or replace function prewarm.backoff(attempts int) returns interval
language sql volatile
return least(interval '0.5 seconds' * power(2, least(attempts, 20) - 1), interval '1 minute') * (0.75 + random() / 2);
