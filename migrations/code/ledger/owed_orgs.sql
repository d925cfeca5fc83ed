-- Orgs that are owed: of changed ones up to a thousand, half of them from a random place on, so that no org is always
-- last; of deadlines the oldest; of each reason but marks few at a time. However much is owed, the look is bounded. Where
-- nothing is, it is a probe of each index.
create or replace function prewarm.owed_orgs() returns uuid[]
language plpgsql as $$
declare
  pivot uuid := gen_random_uuid();
begin
  if not (
    exists (select from prewarm.marks)
    or exists (select from prewarm.versions where next_change_at <= statement_timestamp())
    or exists (select from prewarm.versions where not published)
    or exists (select from prewarm.versions where as_of > statement_timestamp() + interval '1 second')
  ) then
    return '{}';
  end if;
  return array(
    select org_id from prewarm.marked('00000000-0000-0000-0000-000000000000', 500) as org_id
    union
    select org_id from prewarm.marked(pivot, 500) as org_id
    union
    (select v.org_id
       from prewarm.versions v
      where v.next_change_at <= statement_timestamp()
        and not exists (select from prewarm.running_leases l where l.org_id = v.org_id)
      order by v.next_change_at
      limit 100)
    union
    (select v.org_id
       from prewarm.versions v
      where v.as_of > statement_timestamp() + interval '1 second'
        and not exists (select from prewarm.running_leases l where l.org_id = v.org_id)
      limit 100)
    union
    (select v.org_id
       from prewarm.versions v
      where not v.published
        and not exists (select from prewarm.running_leases l where l.org_id = v.org_id)
      limit 100)
  );
end $$;
