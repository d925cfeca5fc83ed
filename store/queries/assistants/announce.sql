-- store::assistants::announce
-- Notifies the console of an agent. In a transaction of its own, because NOTIFY makes commits wait for one another.
-- $1 agent.
select pg_notify('prewarm_console', 'agent ' || $1::uuid)::text
