-- The agent that a job is about; null for a job about none.
create or replace function prewarm.agent_of(subject text) returns uuid
language sql immutable
return case when subject ~ '^prewarm:[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$' then substr(subject, 9)::uuid end;
