-- From the start of an org's rebuild to that of the next. An org whose rebuild took long rests for as long again.
create or replace function prewarm.pause_after(took interval) returns interval
language plpgsql stable as $$
begin
  return case
           when took > prewarm.long_rebuild() then took + least(took, interval '1 minute')
           else prewarm.rebuild_gap()
         end;
end $$;
