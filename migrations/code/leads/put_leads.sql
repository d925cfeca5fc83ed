-- Writes the leads of some contacts of an org, or without a list of all, that differ from what is held: ON CONFLICT locks a
-- row even where it then changes nothing. A lead may be held of another org, from which its contact has moved. In one
-- order, so that two rebuilds of an org wait for one another instead of deadlocking.
do $do$ begin execute format($make$
create or replace procedure prewarm.put_leads(org uuid, at timestamptz, touched uuid[])
language plpgsql as $$
begin
  insert into prewarm.actionable_leads
  select *
    from prewarm.changed_leads(org, at, touched)
   order by id
      on conflict (id) do update
     set (%s) = row(excluded.*);
end $$
$make$, prewarm.columns_of('prewarm.actionable_leads')); end $do$;
