-- Keeps a session that has temporary objects of its own from writing the source. Writers run with their owner's rights, and with
-- them triggers of the application, which could find such an object in the place of their own.
create or replace procedure prewarm.refuse_temporary()
language plpgsql set search_path = pg_catalog, pg_temp as $$
begin
  if session_user <> current_user and exists (
       select from pg_class c where c.relnamespace = pg_my_temp_schema() and pg_get_userbyid(c.relowner) = session_user
       union all
       select from pg_proc p where p.pronamespace = pg_my_temp_schema() and pg_get_userbyid(p.proowner) = session_user
     )
  then
    raise exception 'a session with temporary objects of its own may not write the source'
      using errcode = 'insufficient_privilege';
  end if;
end $$;
