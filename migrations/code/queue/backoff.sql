-- The pause after an attempt: 0.5 s, 1 s, 2 s and so on up to a minute, each with a quarter of jitter to both sides.
create or replace function prewarm.backoff(attempts int) returns interval
language sql volatile
return least(interval '0.5 seconds' * power(2, least(attempts, 20) - 1), interval '1 minute') * (0.75 + random() / 2);
