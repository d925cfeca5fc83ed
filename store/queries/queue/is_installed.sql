-- store::queue::is_installed
select to_regprocedure('prewarm.claim(text, text, integer, interval)') is not null
       and to_regclass('prewarm.jobs') is not null as "installed!"
