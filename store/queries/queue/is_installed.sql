-- store::queue::is_installed
select to_regprocedure('prewarm.heartbeat(text, text, interval, text[])') is not null as "installed!"
