-- Has dead work done again with all its attempts, and ends the quarantine of its org. A configuration that Vapi has refused
-- is sent once more. Returns false if there is no such dead letter. The letter goes last, as at the end of the work.
create or replace function prewarm.retry(letter_id bigint) returns boolean
language plpgsql as $$
declare
  letter prewarm.dead_letters;
begin
  select * into letter from prewarm.dead_letters d where d.id = letter_id;
  if not found then
    return false;
  end if;
  case letter.kind
    when 'rebuild' then
      insert into prewarm.leases as held (org_id, starts, until)
      values (letter.subject, 0, now())
          on conflict (org_id) do update
         set starts = 0, until = case when held.holder is null then now() else held.until end;
    when 'test_call' then
      update prewarm.test_calls t set attempts = 0, until = now() where t.id = letter.subject and t.claim is null;
    when 'prewarm' then
      update prewarm.assistants a
         set refused_hash = null, refusal = null, not_before = null, attempts = 0
       where a.agent_id = letter.subject;
      insert into prewarm.agent_marks (agent_id) values (letter.subject);
    else
      insert into prewarm.jobs (queue, kind, max_attempts)
      values (letter.queue, letter.kind, letter.max_attempts)
          on conflict (kind) where state = 'waiting' do update
         set attempts = 0, run_at = now();
  end case;
  delete from prewarm.dead_letters d where d.id = letter_id;
  return true;
end $$;
