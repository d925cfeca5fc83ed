-- The org whose lease a job takes; null for a job without one.
create or replace function prewarm.org_of(subject text) returns uuid
language sql immutable
return case when subject ~ '^rebuild:[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$' then substr(subject, 9)::uuid end;
