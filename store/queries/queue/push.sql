-- store::queue::push
-- $1 queue, $2 kind, $3 attempts at most.
insert into prewarm.jobs (queue, kind, max_attempts)
values ($1, $2, $3)
    on conflict (kind) where state = 'waiting' do nothing
