-- Attaches the tables of a map, or attaches them again. Changes may have been missed before: every org and every agent is
-- marked.
create or replace procedure prewarm.attach(map jsonb)
language plpgsql set search_path = pg_catalog, pg_temp as $$
begin
  call prewarm.lay_out(attach.map);
  call prewarm.put_triggers();
  call prewarm.drop_unused();
  update prewarm.schema s set attached_at = statement_timestamp();
  delete from prewarm.attached_tables;
  insert into prewarm.attached_tables (source, relation)
  select s.source, to_regclass(s.named)
    from prewarm.sources() s
   where to_regclass(s.named) is not null;
  perform prewarm.mark_all_orgs('source');
  perform prewarm.mark_all_agents();
  perform prewarm.look_at_source();
end $$;
