-- Whether anything is owed, beside the rebuild of an org that has just begun: a probe of each index. It may be that none of
-- it may start yet.
create or replace function prewarm.anything_owed(besides uuid) returns boolean
language plpgsql stable as $$
begin
  return exists (select from prewarm.marks m where m.org_id > besides)
      or exists (select from prewarm.marks m where m.org_id < besides)
      or exists (select from prewarm.versions v where v.next_change_at <= statement_timestamp() and v.org_id <> besides)
      or exists (
           select from prewarm.leases l where l.holder is null and l.until <= statement_timestamp() and l.org_id <> besides
         )
      or exists (
           select
             from prewarm.versions v
            where v.as_of > statement_timestamp() + interval '1 second'
              and v.org_id <> besides
         );
end $$;
