-- Notes that work has used up its attempts. The newest dead letter of a subject is the only one.
create or replace procedure prewarm.bury_work(id bigint, queue text, kind text, subject uuid, attempts int,
                                              max_attempts int, error text)
language plpgsql as $$
begin
  insert into prewarm.dead_letters as dead (id, queue, kind, subject, attempts, max_attempts, error)
  values (bury_work.id, bury_work.queue, bury_work.kind, bury_work.subject, bury_work.attempts, bury_work.max_attempts,
          bury_work.error)
      on conflict on constraint dead_letters_subject do update
     set (id, attempts, max_attempts, died_at, error)
       = (excluded.id, excluded.attempts, excluded.max_attempts, excluded.died_at, excluded.error);
end $$;
