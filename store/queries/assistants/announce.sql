-- store::assistants::announce
-- Tells whoever waits for an agent's assistant. A transaction of its own: NOTIFY makes commits wait for one another.
-- $1 agent.
select pg_notify('prewarm_console', 'agent ' || $1::uuid)::text
