drop table prewarm.call_states, prewarm.events;
