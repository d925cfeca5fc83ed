-- Whether the tables of the source are those that Prewarm makes. Of others no agents are pre-warmed, and only webhooks write.
create or replace function prewarm.is_standalone() returns boolean
language sql stable
begin atomic
  select exists (select from prewarm.schema s where s.standalone > 0);
end;
