-- Does as prewarm.write_leads for a few contacts, one by one: most changes touch a single lead. Of the leads that changed it
-- also tells the first place that one has now, whether one is hot now, and those with as many calls as a frequent caller.
create or replace function prewarm.write_few_leads(
  org uuid, at timestamptz, touched uuid[],
  out pipeline numeric, out hot bigint, out first bigint, out is_hot boolean, out frequent uuid[]
)
language plpgsql as $$
declare
  lead   record;
  wanted prewarm.actionable_leads;
  held   prewarm.actionable_leads;
begin
  pipeline := 0;
  hot := 0;
  is_hot := false;
  for lead in
    select w as wanted, h as held
      from unnest(touched) as one (id)
      left join lateral prewarm.lead_at(org, at, one.id) w on true
      left join prewarm.actionable_leads h on h.id = one.id
     where w is distinct from h
       and (w.id is not null or h.org_id = org)
     order by one.id
  loop
    wanted := lead.wanted;
    held := lead.held;
    call prewarm.replace_lead(org, wanted, held);
    if held.org_id <> org then
      held := null;
    end if;
    pipeline := pipeline + coalesce(wanted.estimated_value, 0) - coalesce(held.estimated_value, 0);
    hot := hot + coalesce((wanted.lead_temperature = 'hot')::int, 0) - coalesce((held.lead_temperature = 'hot')::int, 0);
    first := least(first, prewarm.place_of(wanted.urgency_rank, wanted.lead_score));
    is_hot := is_hot or coalesce(wanted.lead_temperature = 'hot', false);
    if wanted.total_calls >= prewarm.frequent_from() then
      frequent := frequent || wanted.id;
    end if;
  end loop;
end $$;
