-- store::queue::retire
-- $1 how the workers' names begin.
delete from apalis.workers w
 where starts_with(w.id, $1)
   and not exists (select from apalis.jobs j where j.lock_by = w.id)
