-- Has dead work done again with all its attempts, and ends the quarantine of its org. A configuration that Vapi has refused
-- is sent once more. Returns false if there is no such dead letter.
create or replace function prewarm.retry(letter_id bigint) returns boolean
language plpgsql as $$
declare
  letter prewarm.dead_letters;
begin
  delete from prewarm.dead_letters d where d.id = letter_id returning * into letter;
  if not found then
    return false;
  end if;
  if letter.kind = 'rebuild' then
    insert into prewarm.leases as held (org_id, starts, until)
    values (letter.subject, 0, now())
        on conflict (org_id) do update
       set starts = 0, until = now()
     where held.holder is null;
    return true;
  end if;
  update prewarm.assistants a
     set refused_hash = null, refusal = null, not_before = null, attempts = 0
   where letter.kind = 'prewarm'
     and a.agent_id = letter.subject;
  insert into prewarm.jobs (id, queue, kind, agent_id, test_call_id, max_attempts)
  values (letter.id, letter.queue, letter.kind, case letter.kind when 'prewarm' then letter.subject end,
          case letter.kind when 'test_call' then letter.subject end, letter.max_attempts)
      on conflict (kind, subject) where state = 'waiting' do update
     set attempts = 0, run_at = now();
  return true;
end $$;
