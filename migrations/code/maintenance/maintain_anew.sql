-- Makes all that is kept of an org anew, believing nothing that is held: everything is computed from the source, and
-- written where it differs.
create or replace procedure prewarm.maintain_anew(org uuid, at timestamptz)
language plpgsql as $$
begin
  call prewarm.make_leads(org, at);
  call prewarm.make_sums(org);
  insert into prewarm.maintained (org_id, as_of, leads, hours, rebuilt_at)
  values (org, at,
          (select count(*) from prewarm.actionable_leads l where l.org_id = org),
          (select count(*) from prewarm.sums s where s.org_id = org and s.level = 1),
          statement_timestamp())
      on conflict (org_id) do update
     set (as_of, leads, hours, rebuilt_at) = (excluded.as_of, excluded.leads, excluded.hours, excluded.rebuilt_at);
end $$;
