-- Nodes that live: each tells so every second. One that was seen in the future told so before the clock went back.
create or replace view prewarm.live_nodes as
  select name, works, format
    from prewarm.nodes
   where seen_at > statement_timestamp() - interval '10 seconds'
     and seen_at < statement_timestamp() + interval '10 seconds';
