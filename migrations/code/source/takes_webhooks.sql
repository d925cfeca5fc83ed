-- Whether webhooks write to the source, rather than that it is only observed.
create or replace function prewarm.takes_webhooks() returns boolean
language sql stable
begin atomic
  select exists (select from prewarm.schema s where s.map ->> 'mode' = 'intake');
end;
