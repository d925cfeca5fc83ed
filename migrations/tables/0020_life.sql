-- A worker's process holds a lock for as long as it lives, so that others need not wait for a lease when it is killed.
alter table prewarm.workers add column life int check (life > 0);

comment on column prewarm.workers.life is 'the key of its process'' lock; null where it could not take one';
