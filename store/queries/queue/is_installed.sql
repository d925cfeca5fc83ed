-- store::queue::is_installed
select to_regprocedure('prewarm.claim_prewarms(text, integer, interval)') is not null as "installed!"
