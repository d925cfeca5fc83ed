-- Replaces the lead that is held by the one that is wanted; null stands for none. The lead may be held of another org, where
-- its contact was before: that org is marked, to be made anew.
do $do$ begin execute format($make$
create or replace procedure prewarm.replace_lead(org uuid, wanted prewarm.actionable_leads, held prewarm.actionable_leads)
language plpgsql as $$
begin
  if held.org_id <> org then
    insert into prewarm.marks (org_id, what, wide) values (held.org_id, 'contacts', true);
  end if;
  if wanted.id is null then
    delete from prewarm.actionable_leads l where l.id = held.id;
  else
    insert into prewarm.actionable_leads
    select wanted.*
        on conflict (id) do update
       set (%s) = row(excluded.*);
  end if;
end $$
$make$, prewarm.each_column('prewarm.actionable_leads', '%1$I')); end $do$;
