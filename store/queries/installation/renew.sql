-- store::installation::renew_installation
-- Begins a new installation if this database is a copy. One row: whether it was.
select prewarm.renew_installation() as "renewed!"
