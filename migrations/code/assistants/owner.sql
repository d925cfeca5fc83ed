-- The org of an assistant, or else of a number. Names that rows of two orgs bear belong to neither: either might be the
-- other's mistake, or its doing.
create or replace function prewarm.owner(assistant text, number text) returns uuid
language plpgsql stable set search_path = pg_catalog, pg_temp as $$
declare
  org uuid;
begin
  select a.org_id into org from prewarm.source_agents a where a.vapi_assistant_id = assistant limit 1;
  if found then
    return case
             when not exists (
               select from prewarm.source_agents a where a.vapi_assistant_id = assistant and a.org_id <> org
             )
             then org
           end;
  end if;
  select p.org_id into org from prewarm.source_phone_numbers p where p.vapi_phone_number_id = number limit 1;
  return case
           when not exists (
             select from prewarm.source_phone_numbers p where p.vapi_phone_number_id = number and p.org_id <> org
           )
           then org
         end;
end $$;
