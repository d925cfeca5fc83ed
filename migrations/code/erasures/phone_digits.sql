-- The digits of a number, nearly as readmodel::phone has them.
create or replace function prewarm.phone_digits(phone text) returns text
language plpgsql immutable set search_path = pg_catalog, pg_temp as $$
declare
  digits text := regexp_replace(regexp_replace(phone, '[^0-9]', '', 'g'), '^00', '');
begin
  return case when length(digits) >= 7 then digits end;
end $$;
