-- store::queue::is_installed
select to_regprocedure('prewarm.heartbeat(text, text, interval, interval)') is not null as "installed!"
