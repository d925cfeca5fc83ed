-- The spellings of a number that the source may have.
create or replace function prewarm.phone_spellings(phone text) returns text[]
language plpgsql immutable set search_path = pg_catalog, pg_temp as $$
declare
  digits text := prewarm.phone_digits(phone);
begin
  return case when digits is not null then array[phone, '+' || digits, digits, '00' || digits] else '{}' end;
end $$;
