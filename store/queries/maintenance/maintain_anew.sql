-- store::maintenance::maintain_anew
-- Makes what the models of one org are read from anew, from the source alone, at an instant.
-- $1 org, $2 instant.
call prewarm.maintain_anew($1, $2)
