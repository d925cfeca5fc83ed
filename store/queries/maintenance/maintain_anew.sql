-- store::maintenance::maintain_anew
-- Recomputes an org's tables from the source at an instant.
-- $1 org, $2 instant.
call prewarm.maintain_anew($1, $2)
