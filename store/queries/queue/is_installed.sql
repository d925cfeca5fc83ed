-- store::queue::is_installed
select to_regprocedure('prewarm.claim(text, text, integer, interval)') is not null as "installed!"
