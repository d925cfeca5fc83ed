drop index prewarm.events_late_effect;

alter table prewarm.events drop column replay_xid;

drop function prewarm.release_strays;
