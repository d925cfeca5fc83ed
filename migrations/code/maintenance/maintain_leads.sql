-- Brings the touched leads of an org up to date at an instant, where `held` leads are kept, and adds to `touched` what that
-- changed. Where much is touched, it is not listed.
create or replace function prewarm.maintain_leads(org uuid, at timestamptz, held bigint, touched prewarm.touched)
returns prewarm.touched
language plpgsql as $$
declare
  written record;
begin
  touched.pipeline := 0;
  touched.hot_leads := 0;
  touched.is_listed := touched.is_listed and cardinality(touched.instants) < prewarm.wide_from();
  if touched.leads = 0 then
    return touched;
  end if;
  if exists (select from prewarm.frequent_callers f where f.contact_id = any (touched.contacts)) then
    call prewarm.count_frequent_callers(org, touched.contacts, touched.instants);
  end if;
  if touched.leads > prewarm.few() then
    touched.is_listed := false;
    written := prewarm.write_leads(org, at, case when touched.leads <= prewarm.many_of(held) then touched.contacts end);
  else
    written := prewarm.write_few_leads(org, at, touched.contacts);
    touched.first := written.first;
    touched.is_hot := written.is_hot;
    if written.frequent is not null then
      call prewarm.find_frequent_callers(org, written.frequent);
    end if;
  end if;
  touched.pipeline := written.pipeline;
  touched.hot_leads := written.hot;
  return touched;
end $$;
