-- Triggers of ours that the attached tables lack, or have in another form: dropped, disabled, or on in some sessions only.
create or replace function prewarm.trigger_findings()
returns table (finding text, source text, seen text, wanted text, remedy text)
language sql stable
begin atomic
  select concat_ws(':', 'trigger', s.relation, s.name), s.source,
         case
           when t.oid is null then format('%s has no trigger %s', s.relation, s.name)
           when t.tgenabled = 'D' then format('the trigger %s of %s is disabled', s.name, s.relation)
           when t.tgenabled <> 'A' then format('the trigger %s of %s fires in some sessions only', s.name, s.relation)
           else format('the trigger %s of %s is not ours', s.name, s.relation)
         end,
         'enable always', 'run `prewarm attach --map …` again'
    from prewarm.source_triggers() s
    left join pg_trigger t on t.tgrelid = s.relation and t.tgname = s.name
   where t.oid is null
      or t.tgenabled <> 'A'
      or t.tgfoid is distinct from to_regproc(s.calls);
end;
