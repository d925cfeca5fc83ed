-- Whether an org's rebuild may start: none runs or backs off, and the last one was long enough ago. After one that did not end
-- well it need not be: its version may not have been published. A lease that ran out in somebody's hands is for the next
-- heartbeat, which counts the start as failed. A clock that went back makes no org wait.
create or replace function prewarm.may_start(org uuid) returns boolean
language plpgsql stable as $$
begin
  return coalesce(
    (select l.holder is null and l.until <= statement_timestamp() from prewarm.leases l where l.org_id = org),
    (select statement_timestamp() < m.rebuilt_at
            or statement_timestamp() >= m.rebuilt_at + prewarm.pause_after(v.took, s.rebuild_gap)
       from prewarm.maintained m
      cross join prewarm.settings s
       left join prewarm.versions v on v.org_id = m.org_id
      where m.org_id = org),
    true
  );
end $$;
