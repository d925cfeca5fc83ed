-- The tables of schema 23 as pg_dump writes them, with a row in each: the first number that this and every later release migrates.
CREATE SCHEMA prewarm;
CREATE TYPE prewarm.touched AS (
	leads integer,
	contacts uuid[],
	instants timestamp with time zone[],
	appointments boolean,
	is_listed boolean,
	first bigint,
	is_hot boolean,
	pipeline numeric,
	hot_leads bigint
);
COMMENT ON TYPE prewarm.touched IS 'what the marks of an org have touched, as prewarm.maintain has brought it up to date';
COMMENT ON COLUMN prewarm.touched.leads IS 'the number of leads that were touched';
COMMENT ON COLUMN prewarm.touched.contacts IS 'the contacts of these leads';
COMMENT ON COLUMN prewarm.touched.instants IS 'when the calls and appointments were created that were touched';
COMMENT ON COLUMN prewarm.touched.appointments IS 'whether any appointment was touched';
COMMENT ON COLUMN prewarm.touched.is_listed IS 'whether nothing but this has changed since the last rebuild';
COMMENT ON COLUMN prewarm.touched.first IS 'prewarm.place_of the first of the leads that changed';
COMMENT ON COLUMN prewarm.touched.is_hot IS 'whether one of those is hot now';
COMMENT ON COLUMN prewarm.touched.pipeline IS 'by how much the value of all leads changed';
COMMENT ON COLUMN prewarm.touched.hot_leads IS 'by how much the number of hot leads changed';
CREATE TABLE prewarm.actionable_leads (
    id uuid NOT NULL,
    org_id uuid NOT NULL,
    contact_name text,
    phone_number text,
    email text,
    lead_score integer,
    lead_status text NOT NULL,
    service_interests text[],
    last_contact_at timestamp with time zone,
    created_at timestamp with time zone,
    total_calls bigint NOT NULL,
    last_call_at timestamp with time zone,
    duration_total bigint NOT NULL,
    duration_calls bigint NOT NULL,
    avg_call_duration numeric,
    sentiment_total bigint NOT NULL,
    sentiment_trend numeric,
    lead_temperature text NOT NULL,
    lead_temp text,
    follow_up_urgency text NOT NULL,
    last_call_summary text,
    urgency_rank integer NOT NULL,
    urgency_until timestamp with time zone,
    estimated_value numeric
);
COMMENT ON COLUMN prewarm.actionable_leads.duration_total IS 'seconds over duration_calls calls: the exact parts of the mean';
COMMENT ON COLUMN prewarm.actionable_leads.sentiment_total IS 'positive calls less negative ones';
COMMENT ON COLUMN prewarm.actionable_leads.urgency_rank IS '1 high, 2 medium, 3 low';
COMMENT ON COLUMN prewarm.actionable_leads.urgency_until IS 'when follow_up_urgency falls by time alone; null when it never does';
CREATE TABLE prewarm.agent_marks (
    agent_id uuid NOT NULL,
    xid xid8 DEFAULT pg_current_xact_id() NOT NULL,
    marked_at timestamp with time zone DEFAULT statement_timestamp() NOT NULL
)
WITH (autovacuum_vacuum_scale_factor='0', autovacuum_vacuum_threshold='1000', autovacuum_vacuum_cost_delay='0');
CREATE TABLE prewarm.assistants (
    agent_id uuid NOT NULL,
    org_id uuid,
    stage text DEFAULT 'pending'::text NOT NULL,
    reason text,
    attempts integer DEFAULT 0 NOT NULL,
    not_before timestamp with time zone,
    holder uuid,
    until timestamp with time zone,
    look_since timestamp with time zone,
    missing_id text,
    refused_hash text,
    refusal text,
    shown_otherwise text[] DEFAULT '{}'::text[] NOT NULL,
    synced_at timestamp with time zone,
    verified_at timestamp with time zone,
    worker text,
    starts integer DEFAULT 0 NOT NULL,
    CONSTRAINT assistants_attempts_check CHECK ((attempts >= 0)),
    CONSTRAINT assistants_stage_check CHECK ((stage = ANY (ARRAY['pending'::text, 'preparing'::text, 'creating'::text, 'updating'::text, 'synced'::text, 'failed'::text]))),
    CONSTRAINT assistants_starts_check CHECK ((starts >= 0))
)
WITH (fillfactor='70');
COMMENT ON COLUMN prewarm.assistants.org_id IS 'null where the agent is gone';
COMMENT ON COLUMN prewarm.assistants.reason IS 'why it failed or waits, or what is wrong beside it; for people';
COMMENT ON COLUMN prewarm.assistants.attempts IS 'passes without a success, deferrals by Vapi included; they decide the pause';
COMMENT ON COLUMN prewarm.assistants.not_before IS 'the end of its back-off';
COMMENT ON COLUMN prewarm.assistants.holder IS 'who alone may write the assistant; null: reserved by a claim, or nobody';
COMMENT ON COLUMN prewarm.assistants.until IS 'when its holder has to be believed dead';
COMMENT ON COLUMN prewarm.assistants.look_since IS 'Vapi may have assistants of the agent, made since, that we have no answer about';
COMMENT ON COLUMN prewarm.assistants.missing_id IS 'Vapi has said that it does not have the assistant of this id';
COMMENT ON COLUMN prewarm.assistants.refused_hash IS 'the configuration that Vapi does not take; nobody sends it again';
COMMENT ON COLUMN prewarm.assistants.refusal IS 'why, in Vapi''s words';
COMMENT ON COLUMN prewarm.assistants.shown_otherwise IS 'fields that Vapi shows otherwise than it was given them; no drift';
COMMENT ON COLUMN prewarm.assistants.synced_at IS 'when Vapi last took its configuration';
COMMENT ON COLUMN prewarm.assistants.verified_at IS 'when Vapi last showed it as it should be';
COMMENT ON COLUMN prewarm.assistants.worker IS 'who reserved the agent last';
COMMENT ON COLUMN prewarm.assistants.starts IS 'starts since the last good end, deferrals by Vapi among the good ones';
CREATE TABLE prewarm.backfill (
    next_org uuid DEFAULT '00000000-0000-0000-0000-000000000000'::uuid,
    singleton boolean DEFAULT true NOT NULL,
    CONSTRAINT backfill_singleton_check CHECK (singleton)
);
COMMENT ON TABLE prewarm.backfill IS 'the walk over all orgs in search of those that nobody has built';
COMMENT ON COLUMN prewarm.backfill.next_org IS 'where it goes on; null when it is through';
CREATE TABLE prewarm.blobs (
    org_id uuid NOT NULL,
    model text NOT NULL,
    digest bytea NOT NULL,
    bytes bytea NOT NULL,
    CONSTRAINT blobs_digest_check CHECK ((length(digest) = 16))
);
ALTER TABLE ONLY prewarm.blobs ALTER COLUMN bytes SET STORAGE EXTERNAL;
CREATE TABLE prewarm.call_states (
    vapi_call_id text NOT NULL,
    org_id uuid NOT NULL,
    state jsonb NOT NULL,
    updated_at timestamp with time zone DEFAULT statement_timestamp() NOT NULL
);
CREATE TABLE prewarm.cron_slots (
    name text NOT NULL,
    slot timestamp with time zone NOT NULL,
    fired_at timestamp with time zone DEFAULT statement_timestamp() NOT NULL
);
CREATE TABLE prewarm.dead_letters (
    id bigint NOT NULL,
    queue text NOT NULL,
    kind text NOT NULL,
    subject uuid NOT NULL,
    attempts integer NOT NULL,
    max_attempts integer NOT NULL,
    since timestamp with time zone DEFAULT now() NOT NULL,
    died_at timestamp with time zone DEFAULT now() NOT NULL,
    error text
);
COMMENT ON TABLE prewarm.dead_letters IS 'work that is not tried again by itself, or once a minute; one row a subject';
COMMENT ON COLUMN prewarm.dead_letters.subject IS 'the org, agent or test call; all zeros for maintenance, which is about none';
COMMENT ON COLUMN prewarm.dead_letters.since IS 'when the subject first died; it has had no good end since';
COMMENT ON COLUMN prewarm.dead_letters.error IS 'how the last attempt ended badly';
CREATE TABLE prewarm.drift_walk (
    next_org uuid DEFAULT '00000000-0000-0000-0000-000000000000'::uuid NOT NULL,
    not_before timestamp with time zone DEFAULT '-infinity'::timestamp with time zone NOT NULL,
    singleton boolean DEFAULT true NOT NULL,
    CONSTRAINT drift_walk_singleton_check CHECK (singleton)
);
COMMENT ON COLUMN prewarm.drift_walk.next_org IS 'every org with a lesser id has been compared in this round';
COMMENT ON COLUMN prewarm.drift_walk.not_before IS 'the walk rests: a comparison reads all that an org has';
CREATE TABLE prewarm.erasure_key (
    key bytea NOT NULL,
    singleton boolean DEFAULT true NOT NULL,
    CONSTRAINT erasure_key_key_check CHECK ((length(key) = 32)),
    CONSTRAINT erasure_key_singleton_check CHECK (singleton)
);
CREATE TABLE prewarm.erasures (
    id bigint NOT NULL,
    what text NOT NULL,
    org_id uuid NOT NULL,
    contact_id uuid,
    calls text[] DEFAULT '{}'::text[] NOT NULL,
    xid xid8 DEFAULT pg_current_xact_id() NOT NULL,
    requested_at timestamp with time zone DEFAULT statement_timestamp() NOT NULL,
    erased_at timestamp with time zone,
    done_at timestamp with time zone,
    removed jsonb DEFAULT '{}'::jsonb NOT NULL,
    CONSTRAINT erasures_what_check CHECK ((what = ANY (ARRAY['org'::text, 'caller'::text, 'calls'::text, 'lost calls'::text])))
);
COMMENT ON COLUMN prewarm.erasures.what IS 'org; caller: who made these calls, and what was said; calls: these; lost calls: those of the org that have no row any more';
COMMENT ON COLUMN prewarm.erasures.calls IS 'Vapi''s ids; none once they are erased';
COMMENT ON COLUMN prewarm.erasures.erased_at IS 'when Postgres held nothing of it but an older blob';
COMMENT ON COLUMN prewarm.erasures.done_at IS 'when no blob showed it any more, here or in Redis';
COMMENT ON COLUMN prewarm.erasures.removed IS 'rows by place';
ALTER TABLE prewarm.erasures ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME prewarm.erasures_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE prewarm.events (
    id bigint NOT NULL,
    dedupe_key text NOT NULL,
    type text NOT NULL,
    vapi_call_id text,
    assistant_id text,
    phone_number_id text,
    org_id uuid,
    received_at timestamp with time zone DEFAULT statement_timestamp() NOT NULL,
    epoch bigint NOT NULL,
    xid xid8 DEFAULT pg_current_xact_id() NOT NULL,
    body jsonb,
    replay_after timestamp with time zone,
    replay_xid xid8,
    erased text,
    CONSTRAINT events_erased_check CHECK ((erased = ANY (ARRAY['call'::text, 'caller'::text])))
);
COMMENT ON COLUMN prewarm.events.dedupe_key IS 'one event, however often it is sent';
COMMENT ON COLUMN prewarm.events.org_id IS 'by our own maps of assistants and numbers; null: parked until a map has it';
COMMENT ON COLUMN prewarm.events.xid IS 'the transaction that took it: with the epoch, its receipt';
COMMENT ON COLUMN prewarm.events.body IS 'as received, secrets redacted; null once its retention has passed, when only the key is kept';
COMMENT ON COLUMN prewarm.events.replay_after IS 'parked, and its effect could not be written: not tried again before';
COMMENT ON COLUMN prewarm.events.replay_xid IS 'the transaction of its effect, where that is not the one that took it';
COMMENT ON COLUMN prewarm.events.erased IS 'its body is gone for good: it told of an erased call, or of an erased caller';
ALTER TABLE prewarm.events ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME prewarm.events_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE prewarm.fleet_pulse_made (
    versions bigint NOT NULL,
    as_of timestamp with time zone,
    singleton boolean DEFAULT true NOT NULL,
    CONSTRAINT fleet_pulse_made_singleton_check CHECK (singleton)
);
COMMENT ON COLUMN prewarm.fleet_pulse_made.versions IS 'the sum of all orgs'' counts';
COMMENT ON COLUMN prewarm.fleet_pulse_made.as_of IS 'the newest instant of any';
CREATE TABLE prewarm.frequent_caller_bins (
    contact_id uuid NOT NULL,
    start timestamp with time zone NOT NULL,
    calls bigint NOT NULL,
    duration_total bigint NOT NULL,
    duration_calls bigint NOT NULL,
    sentiment_total bigint NOT NULL
);
CREATE TABLE prewarm.frequent_callers (
    contact_id uuid NOT NULL,
    org_id uuid NOT NULL,
    calls bigint NOT NULL,
    duration_total bigint NOT NULL,
    duration_calls bigint NOT NULL,
    sentiment_total bigint NOT NULL,
    last_at timestamp with time zone,
    last_id uuid
)
WITH (fillfactor='80');
CREATE TABLE prewarm.installation (
    id uuid DEFAULT gen_random_uuid() NOT NULL,
    epoch bigint NOT NULL,
    xid xid8 DEFAULT pg_current_xact_id() NOT NULL,
    database oid NOT NULL,
    timeline text,
    system_identifier bigint,
    singleton boolean DEFAULT true NOT NULL,
    CONSTRAINT installation_epoch_check CHECK ((epoch > 0)),
    CONSTRAINT installation_singleton_check CHECK (singleton)
);
COMMENT ON TABLE prewarm.installation IS 'one row; the columns from xid on tell the row that was written here from a copy of it';
COMMENT ON COLUMN prewarm.installation.id IS 'random; part of every key and channel in Redis';
COMMENT ON COLUMN prewarm.installation.epoch IS 'leads every version and receipt, since counts may come a second time after a restore';
COMMENT ON COLUMN prewarm.installation.xid IS 'the transaction that wrote the row: a dump copies this column, but not the row''s xmin';
COMMENT ON COLUMN prewarm.installation.database IS 'the database''s oid: a database made from a template has another';
COMMENT ON COLUMN prewarm.installation.timeline IS 'of the WAL: recovery to a point in time, and promotion, begin another; null where the server does not tell';
COMMENT ON COLUMN prewarm.installation.system_identifier IS 'of the cluster; null where the server does not tell';
CREATE TABLE prewarm.jobs (
    id bigint NOT NULL,
    queue text NOT NULL,
    kind text NOT NULL,
    state text DEFAULT 'waiting'::text NOT NULL,
    run_at timestamp with time zone DEFAULT now() NOT NULL,
    attempts integer DEFAULT 0 NOT NULL,
    max_attempts integer NOT NULL,
    worker text,
    claimed_at timestamp with time zone,
    ended_at timestamp with time zone,
    error text,
    CONSTRAINT jobs_attempts CHECK (((attempts >= 0) AND (max_attempts > 0))),
    CONSTRAINT jobs_done CHECK (((state <> 'done'::text) OR (ended_at IS NOT NULL))),
    CONSTRAINT jobs_queue CHECK ((queue = ANY (ARRAY['maintenance'::text, 'prewarm'::text]))),
    CONSTRAINT jobs_running CHECK (((state <> 'running'::text) OR (ROW(worker, claimed_at) IS NOT NULL))),
    CONSTRAINT jobs_state CHECK ((state = ANY (ARRAY['waiting'::text, 'running'::text, 'done'::text])))
);
COMMENT ON TABLE prewarm.jobs IS 'scheduled work';
COMMENT ON COLUMN prewarm.jobs.state IS 'waiting: for run_at, or for its next attempt';
COMMENT ON COLUMN prewarm.jobs.attempts IS 'starts, a running one included';
COMMENT ON COLUMN prewarm.jobs.error IS 'how the last attempt ended badly';
ALTER TABLE prewarm.jobs ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME prewarm.jobs_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE prewarm.leases (
    org_id uuid NOT NULL,
    holder bigint,
    starts integer DEFAULT 1 NOT NULL,
    until timestamp with time zone NOT NULL,
    worker text,
    since timestamp with time zone DEFAULT now() NOT NULL,
    claimed_at timestamp with time zone DEFAULT now() NOT NULL,
    error text,
    CONSTRAINT leases_starts CHECK ((starts >= 0))
)
WITH (autovacuum_vacuum_scale_factor='0', autovacuum_vacuum_threshold='1000', autovacuum_vacuum_cost_delay='0');
COMMENT ON TABLE prewarm.leases IS 'rebuilds that were begun and have not ended well';
COMMENT ON COLUMN prewarm.leases.holder IS 'the number of the start; null when nobody rebuilds the org';
COMMENT ON COLUMN prewarm.leases.starts IS 'consecutive starts without a good end; from three on the org is in quarantine';
COMMENT ON COLUMN prewarm.leases.until IS 'nobody starts before: the end of the lease, or of the back-off';
COMMENT ON COLUMN prewarm.leases.worker IS 'who started';
COMMENT ON COLUMN prewarm.leases.since IS 'the first of the starts';
COMMENT ON COLUMN prewarm.leases.error IS 'how the last attempt ended badly';
CREATE TABLE prewarm.maintained (
    org_id uuid NOT NULL,
    as_of timestamp with time zone NOT NULL,
    leads bigint NOT NULL,
    hours bigint NOT NULL,
    rebuilt_at timestamp with time zone NOT NULL,
    pipeline_total numeric DEFAULT 0 NOT NULL,
    hot_leads bigint DEFAULT 0 NOT NULL
)
WITH (fillfactor='80');
COMMENT ON COLUMN prewarm.maintained.leads IS 'when all was made anew the last time';
COMMENT ON COLUMN prewarm.maintained.rebuilt_at IS 'by the clock on the wall: the next rebuild waits for prewarm.settings.rebuild_gap';
COMMENT ON COLUMN prewarm.maintained.pipeline_total IS 'the values of its leads';
CREATE TABLE prewarm.marks (
    org_id uuid NOT NULL,
    what text NOT NULL,
    xid xid8 DEFAULT pg_current_xact_id() NOT NULL,
    marked_at timestamp with time zone DEFAULT statement_timestamp() NOT NULL,
    contacts uuid[],
    phones text[],
    booked uuid[],
    wide boolean DEFAULT false NOT NULL,
    instants timestamp with time zone[]
)
WITH (autovacuum_vacuum_scale_factor='0', autovacuum_vacuum_threshold='1000', autovacuum_vacuum_cost_delay='0');
COMMENT ON COLUMN prewarm.marks.what IS 'the source table that changed';
COMMENT ON COLUMN prewarm.marks.xid IS 'the transaction; a receipt is included once no mark of the org has its xid';
COMMENT ON COLUMN prewarm.marks.contacts IS 'contacts whose lead has to be made anew';
COMMENT ON COLUMN prewarm.marks.phones IS 'numbers whose contacts'' leads have to be made anew';
COMMENT ON COLUMN prewarm.marks.booked IS 'contacts whose appointments changed, and with them the success of their calls';
COMMENT ON COLUMN prewarm.marks.wide IS 'too much to be listed: the whole org has to be made anew';
COMMENT ON COLUMN prewarm.marks.instants IS 'when the calls and appointments that changed were created: their sums have to be made anew';
CREATE TABLE prewarm.phone_mappings (
    vapi_phone_number_id text NOT NULL,
    agent_id uuid,
    assistant_id text,
    known boolean DEFAULT true NOT NULL,
    revision bigint DEFAULT 1 NOT NULL,
    reason text,
    synced_at timestamp with time zone DEFAULT statement_timestamp() NOT NULL
);
COMMENT ON COLUMN prewarm.phone_mappings.agent_id IS 'whose assistant answers; or, if its row names no agent any more, did';
COMMENT ON COLUMN prewarm.phone_mappings.known IS 'false: somebody else has changed it';
COMMENT ON COLUMN prewarm.phone_mappings.revision IS 'two who said different things at a time are told by it';
COMMENT ON COLUMN prewarm.phone_mappings.reason IS 'why Vapi did not take it';
CREATE TABLE prewarm.rebuild_failures (
    run bigint NOT NULL,
    org_id uuid NOT NULL,
    reason text NOT NULL
);
COMMENT ON TABLE prewarm.rebuild_failures IS 'orgs that a run could not rebuild';
CREATE SEQUENCE prewarm.rebuild_run
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
CREATE TABLE prewarm.rebuild_runs (
    run bigint NOT NULL,
    started_at timestamp with time zone DEFAULT statement_timestamp() NOT NULL,
    finished_at timestamp with time zone,
    next_org uuid DEFAULT '00000000-0000-0000-0000-000000000000'::uuid NOT NULL
);
COMMENT ON TABLE prewarm.rebuild_runs IS 'runs of `prewarm rebuild --all`; one at a time';
COMMENT ON COLUMN prewarm.rebuild_runs.next_org IS 'every org with a lesser id is done';
CREATE TABLE prewarm.reconciliation (
    singleton boolean DEFAULT true NOT NULL,
    until timestamp with time zone NOT NULL,
    CONSTRAINT reconciliation_singleton_check CHECK (singleton)
);
COMMENT ON TABLE prewarm.reconciliation IS 'one row; none before the first pass';
COMMENT ON COLUMN prewarm.reconciliation.until IS 'whatever changed at Vapi before is taken in';
CREATE TABLE prewarm.schema (
    tables integer NOT NULL,
    standalone integer NOT NULL,
    code text NOT NULL,
    singleton boolean DEFAULT true NOT NULL,
    release integer[] DEFAULT '{0,0,0}'::integer[] NOT NULL,
    CONSTRAINT schema_singleton_check CHECK (singleton)
);
CREATE TABLE prewarm.settings (
    rebuild_gap interval DEFAULT '00:00:00.05'::interval NOT NULL,
    singleton boolean DEFAULT true NOT NULL,
    CONSTRAINT settings_rebuild_gap_check CHECK (((rebuild_gap >= '00:00:00'::interval) AND (rebuild_gap <= '00:01:00'::interval))),
    CONSTRAINT settings_singleton_check CHECK (singleton)
);
COMMENT ON COLUMN prewarm.settings.rebuild_gap IS 'an org''s rebuilds start no closer than this';
CREATE TABLE prewarm.source_faults (
    what text NOT NULL,
    reason text NOT NULL,
    every_org boolean DEFAULT false NOT NULL,
    erasure boolean DEFAULT false NOT NULL,
    noted_at timestamp with time zone DEFAULT statement_timestamp() NOT NULL
)
WITH (autovacuum_vacuum_scale_factor='0', autovacuum_vacuum_threshold='1000');
COMMENT ON TABLE prewarm.source_faults IS 'changes of the source that could not be listed: each for ten minutes, those of an erasure until somebody deletes them';
COMMENT ON COLUMN prewarm.source_faults.what IS 'the source table';
COMMENT ON COLUMN prewarm.source_faults.reason IS 'the message of Postgres where it is about a schema, else its SQLSTATE';
COMMENT ON COLUMN prewarm.source_faults.every_org IS 'every org and every agent is still to be marked: the rows did not say whose they are';
COMMENT ON COLUMN prewarm.source_faults.erasure IS 'deleted data is kept, and has to be erased by hand';
CREATE TABLE prewarm.sums (
    org_id uuid NOT NULL,
    level smallint NOT NULL,
    start timestamp with time zone NOT NULL,
    total_calls bigint NOT NULL,
    inbound_calls bigint NOT NULL,
    outbound_calls bigint NOT NULL,
    answered_calls bigint NOT NULL,
    duration_total bigint NOT NULL,
    duration_calls bigint NOT NULL,
    sentiment_total numeric NOT NULL,
    sentiment_calls bigint NOT NULL,
    successful_calls bigint NOT NULL,
    appointments bigint NOT NULL
)
WITH (fillfactor='80');
COMMENT ON COLUMN prewarm.sums.level IS '0 a second, 1 an hour, 2 a day, 3 a month, 4 a year; in UTC';
COMMENT ON COLUMN prewarm.sums.start IS 'its first instant';
CREATE TABLE prewarm.test_calls (
    id uuid NOT NULL,
    org_id uuid NOT NULL,
    agent_id uuid NOT NULL,
    stage text DEFAULT 'preparing'::text NOT NULL,
    assistant_id text,
    vapi_call_id text,
    web_call_url text,
    reason text,
    created_at timestamp with time zone DEFAULT statement_timestamp() NOT NULL,
    changed_at timestamp with time zone DEFAULT statement_timestamp() NOT NULL,
    claim bigint,
    worker text,
    claimed_at timestamp with time zone,
    until timestamp with time zone DEFAULT now() NOT NULL,
    attempts integer DEFAULT 0 NOT NULL,
    error text,
    CONSTRAINT test_calls_attempts_check CHECK ((attempts >= 0)),
    CONSTRAINT test_calls_stage_check CHECK ((stage = ANY (ARRAY['preparing'::text, 'connecting'::text, 'ready'::text, 'failed'::text, 'ended'::text])))
);
COMMENT ON COLUMN prewarm.test_calls.stage IS 'preparing: the assistant is brought up to date; connecting: Vapi makes the call; ready: web_call_url may be joined';
COMMENT ON COLUMN prewarm.test_calls.vapi_call_id IS 'Vapi''s id of the call, once it is ready';
COMMENT ON COLUMN prewarm.test_calls.reason IS 'why it failed, for the person who waits';
COMMENT ON COLUMN prewarm.test_calls.claim IS 'the number of the start; null when no worker makes the call';
COMMENT ON COLUMN prewarm.test_calls.until IS 'nobody starts before: the end of the claim, or of the back-off';
COMMENT ON COLUMN prewarm.test_calls.attempts IS 'starts without a good end, a running one included';
COMMENT ON COLUMN prewarm.test_calls.error IS 'how the last attempt ended badly; for operators';
CREATE TABLE prewarm.tombstones (
    hash bytea NOT NULL,
    kind text NOT NULL,
    made_at timestamp with time zone DEFAULT statement_timestamp() NOT NULL,
    CONSTRAINT tombstones_kind_check CHECK ((kind = ANY (ARRAY['call'::text, 'caller'::text])))
);
COMMENT ON TABLE prewarm.tombstones IS 'names no one; kept as long as the keys of events';
COMMENT ON COLUMN prewarm.tombstones.kind IS 'call: nothing is taken any more; caller: all but who called and what was said';
CREATE TABLE prewarm.versions (
    org_id uuid NOT NULL,
    epoch bigint NOT NULL,
    n bigint NOT NULL,
    format integer NOT NULL,
    as_of timestamp with time zone NOT NULL,
    next_change_at timestamp with time zone,
    took interval,
    CONSTRAINT versions_n_check CHECK ((n > 0))
)
WITH (fillfactor='70');
COMMENT ON COLUMN prewarm.versions.n IS 'rebuilds of the org within the epoch, in the order of their snapshots';
COMMENT ON COLUMN prewarm.versions.format IS 'of the release that made it: its models, and their shapes';
COMMENT ON COLUMN prewarm.versions.as_of IS 'the instant that the models are true for';
COMMENT ON COLUMN prewarm.versions.next_change_at IS 'the first instant at which a model would differ by time alone';
COMMENT ON COLUMN prewarm.versions.took IS 'from the start of the rebuild''s transaction to its last statements';
CREATE TABLE prewarm.workers (
    name text NOT NULL,
    queue text NOT NULL,
    started_at timestamp with time zone DEFAULT now() NOT NULL,
    seen_at timestamp with time zone DEFAULT now() NOT NULL,
    life integer,
    CONSTRAINT workers_life_check CHECK ((life > 0))
);
COMMENT ON COLUMN prewarm.workers.life IS 'the key of its process'' lock; null where it could not take one';
INSERT INTO prewarm.actionable_leads VALUES ('00000000-0000-0000-0000-000000000002', '00000000-0000-0000-0000-000000000001', NULL, NULL, NULL, NULL, 'new', NULL, NULL, NULL, 1, NULL, 60, 1, NULL, 0, NULL, 'cold', NULL, 'low', NULL, 3, NULL, NULL);
INSERT INTO prewarm.agent_marks VALUES ('00000000-0000-0000-0000-000000000003', '700', '2026-12-01 12:00:00+00');
INSERT INTO prewarm.assistants VALUES ('00000000-0000-0000-0000-000000000003', '00000000-0000-0000-0000-000000000001', 'pending', NULL, 0, NULL, NULL, NULL, NULL, NULL, NULL, NULL, '{}', NULL, NULL, NULL, 0);
INSERT INTO prewarm.backfill VALUES ('00000000-0000-0000-0000-000000000000', true);
INSERT INTO prewarm.blobs VALUES ('00000000-0000-0000-0000-000000000001', 'leads', '\x000102030405060708090a0b0c0d0e0f', '\x00');
INSERT INTO prewarm.call_states VALUES ('call', '00000000-0000-0000-0000-000000000001', '{}', '2026-12-01 12:00:00+00');
INSERT INTO prewarm.cron_slots VALUES ('prune', '2026-12-01 12:00:00+00', '2026-12-01 12:00:00+00');
INSERT INTO prewarm.dead_letters VALUES (2, 'prewarm', 'prewarm', '00000000-0000-0000-0000-000000000003', 1, 3, '2026-12-01 12:00:00+00', '2026-12-01 12:00:00+00', '400');
INSERT INTO prewarm.drift_walk VALUES ('00000000-0000-0000-0000-000000000000', '-infinity', true);
INSERT INTO prewarm.erasure_key VALUES ('\x011b8a153c93549f3555d9dc12cca39312441064a195e073eeadf8558d66457c', true);
INSERT INTO prewarm.erasures OVERRIDING SYSTEM VALUE VALUES (1, 'org', '00000000-0000-0000-0000-000000000001', NULL, '{}', '700', '2026-12-01 12:00:00+00', '2026-12-01 12:00:00+00', '2026-12-01 12:00:00+00', '{}');
INSERT INTO prewarm.events OVERRIDING SYSTEM VALUE VALUES (1, 'key', 'end-of-call-report', NULL, NULL, NULL, NULL, '2026-12-01 12:00:00+00', 1, '700', '{}', NULL, NULL, NULL);
INSERT INTO prewarm.fleet_pulse_made VALUES (1, '2026-12-01 12:00:00+00', true);
INSERT INTO prewarm.frequent_caller_bins VALUES ('00000000-0000-0000-0000-000000000002', '2026-12-01 12:00:00+00', 1, 60, 1, 0);
INSERT INTO prewarm.frequent_callers VALUES ('00000000-0000-0000-0000-000000000002', '00000000-0000-0000-0000-000000000001', 1, 60, 1, 0, '2026-12-01 12:00:00+00', NULL);
INSERT INTO prewarm.installation VALUES ('4ad3d5d2-3e7e-4d9d-95a9-bbd7ecff2063', 1, '700', 5, NULL, NULL, true);
INSERT INTO prewarm.jobs VALUES (1, 'maintenance', 'prune', 'waiting', '2026-12-01 12:00:00+00', 0, 10, NULL, NULL, NULL, NULL);
INSERT INTO prewarm.leases VALUES ('00000000-0000-0000-0000-000000000001', 1, 1, '2026-12-01 12:00:00+00', 'worker', '2026-12-01 12:00:00+00', '2026-12-01 12:00:00+00', NULL);
INSERT INTO prewarm.maintained VALUES ('00000000-0000-0000-0000-000000000001', '2026-12-01 12:00:00+00', 1, 1, '2026-12-01 12:00:00+00', 0, 0);
INSERT INTO prewarm.marks VALUES ('00000000-0000-0000-0000-000000000001', 'contacts', '700', '2026-12-01 12:00:00+00', '{00000000-0000-0000-0000-000000000002}', NULL, NULL, false, NULL);
INSERT INTO prewarm.phone_mappings VALUES ('number', '00000000-0000-0000-0000-000000000003', 'assistant', true, 1, NULL, '2026-12-01 12:00:00+00');
INSERT INTO prewarm.rebuild_failures VALUES (1, '00000000-0000-0000-0000-000000000001', 'gone');
INSERT INTO prewarm.rebuild_runs VALUES (1, '2026-12-01 12:00:00+00', NULL, '00000000-0000-0000-0000-000000000000');
INSERT INTO prewarm.reconciliation VALUES (true, '2026-12-01 12:00:00+00');
INSERT INTO prewarm.schema VALUES (23, 0, '', true, '{0,0,0}');
INSERT INTO prewarm.settings VALUES ('00:00:01', true);
INSERT INTO prewarm.source_faults VALUES ('calls', '42703', false, false, '2026-12-01 12:00:00+00');
INSERT INTO prewarm.sums VALUES ('00000000-0000-0000-0000-000000000001', 1, '2026-12-01 12:00:00+00', 1, 1, 0, 1, 60, 1, 0, 0, 0, 0);
INSERT INTO prewarm.test_calls VALUES ('00000000-0000-0000-0000-000000000004', '00000000-0000-0000-0000-000000000001', '00000000-0000-0000-0000-000000000003', 'ended', NULL, NULL, NULL, NULL, '2026-12-01 12:00:00+00', '2026-12-01 12:00:00+00', NULL, NULL, NULL, '2026-12-01 12:00:00+00', 0, NULL);
INSERT INTO prewarm.tombstones VALUES ('\x00', 'call', '2026-12-01 12:00:00+00');
INSERT INTO prewarm.versions VALUES ('00000000-0000-0000-0000-000000000001', 1, 1, 1, '2026-12-01 12:00:00+00', NULL, '00:00:00.01');
INSERT INTO prewarm.workers VALUES ('worker', 'rebuild', '2026-12-01 12:00:00+00', '2026-12-01 12:00:00+00', 1);
SELECT pg_catalog.setval('prewarm.erasures_id_seq', 1, true);
SELECT pg_catalog.setval('prewarm.events_id_seq', 1, true);
SELECT pg_catalog.setval('prewarm.jobs_id_seq', 1, true);
SELECT pg_catalog.setval('prewarm.rebuild_run', 1, false);
ALTER TABLE ONLY prewarm.actionable_leads
    ADD CONSTRAINT actionable_leads_pkey PRIMARY KEY (id);
ALTER TABLE ONLY prewarm.assistants
    ADD CONSTRAINT assistants_pkey PRIMARY KEY (agent_id);
ALTER TABLE ONLY prewarm.backfill
    ADD CONSTRAINT backfill_pkey PRIMARY KEY (singleton);
ALTER TABLE ONLY prewarm.blobs
    ADD CONSTRAINT blobs_pkey PRIMARY KEY (org_id, model);
ALTER TABLE ONLY prewarm.call_states
    ADD CONSTRAINT call_states_pkey PRIMARY KEY (vapi_call_id);
ALTER TABLE ONLY prewarm.cron_slots
    ADD CONSTRAINT cron_slots_pkey PRIMARY KEY (name, slot);
ALTER TABLE ONLY prewarm.dead_letters
    ADD CONSTRAINT dead_letters_pkey PRIMARY KEY (id);
ALTER TABLE ONLY prewarm.dead_letters
    ADD CONSTRAINT dead_letters_subject UNIQUE (kind, subject);
ALTER TABLE ONLY prewarm.drift_walk
    ADD CONSTRAINT drift_walk_pkey PRIMARY KEY (singleton);
ALTER TABLE ONLY prewarm.erasure_key
    ADD CONSTRAINT erasure_key_pkey PRIMARY KEY (singleton);
ALTER TABLE ONLY prewarm.erasures
    ADD CONSTRAINT erasures_pkey PRIMARY KEY (id);
ALTER TABLE ONLY prewarm.events
    ADD CONSTRAINT events_dedupe_key_key UNIQUE (dedupe_key);
ALTER TABLE ONLY prewarm.events
    ADD CONSTRAINT events_pkey PRIMARY KEY (id);
ALTER TABLE ONLY prewarm.fleet_pulse_made
    ADD CONSTRAINT fleet_pulse_made_pkey PRIMARY KEY (singleton);
ALTER TABLE ONLY prewarm.frequent_caller_bins
    ADD CONSTRAINT frequent_caller_bins_pkey PRIMARY KEY (contact_id, start);
ALTER TABLE ONLY prewarm.frequent_callers
    ADD CONSTRAINT frequent_callers_pkey PRIMARY KEY (contact_id);
ALTER TABLE ONLY prewarm.installation
    ADD CONSTRAINT installation_pkey PRIMARY KEY (singleton);
ALTER TABLE ONLY prewarm.jobs
    ADD CONSTRAINT jobs_pkey PRIMARY KEY (id);
ALTER TABLE ONLY prewarm.leases
    ADD CONSTRAINT leases_pkey PRIMARY KEY (org_id);
ALTER TABLE ONLY prewarm.maintained
    ADD CONSTRAINT maintained_pkey PRIMARY KEY (org_id);
ALTER TABLE ONLY prewarm.phone_mappings
    ADD CONSTRAINT phone_mappings_pkey PRIMARY KEY (vapi_phone_number_id);
ALTER TABLE ONLY prewarm.rebuild_failures
    ADD CONSTRAINT rebuild_failures_pkey PRIMARY KEY (run, org_id);
ALTER TABLE ONLY prewarm.rebuild_runs
    ADD CONSTRAINT rebuild_runs_pkey PRIMARY KEY (run);
ALTER TABLE ONLY prewarm.reconciliation
    ADD CONSTRAINT reconciliation_pkey PRIMARY KEY (singleton);
ALTER TABLE ONLY prewarm.schema
    ADD CONSTRAINT schema_pkey PRIMARY KEY (singleton);
ALTER TABLE ONLY prewarm.settings
    ADD CONSTRAINT settings_pkey PRIMARY KEY (singleton);
ALTER TABLE ONLY prewarm.sums
    ADD CONSTRAINT sums_pkey PRIMARY KEY (org_id, level, start);
ALTER TABLE ONLY prewarm.test_calls
    ADD CONSTRAINT test_calls_pkey PRIMARY KEY (id);
ALTER TABLE ONLY prewarm.tombstones
    ADD CONSTRAINT tombstones_pkey PRIMARY KEY (hash);
ALTER TABLE ONLY prewarm.versions
    ADD CONSTRAINT versions_pkey PRIMARY KEY (org_id);
ALTER TABLE ONLY prewarm.workers
    ADD CONSTRAINT workers_pkey PRIMARY KEY (name);
CREATE INDEX actionable_leads_deadline ON prewarm.actionable_leads USING btree (org_id, urgency_until) WHERE (urgency_until IS NOT NULL);
CREATE INDEX actionable_leads_hot ON prewarm.actionable_leads USING btree (org_id, COALESCE(last_contact_at, created_at) DESC NULLS LAST, id DESC) WHERE (lead_temperature = 'hot'::text);
CREATE INDEX actionable_leads_order ON prewarm.actionable_leads USING btree (org_id, urgency_rank, lead_score DESC NULLS LAST, created_at DESC NULLS LAST, id);
CREATE INDEX agent_marks_agent ON prewarm.agent_marks USING btree (agent_id, xid);
CREATE INDEX assistants_failed ON prewarm.assistants USING btree (agent_id) WHERE (stage = 'failed'::text);
CREATE INDEX call_states_org ON prewarm.call_states USING btree (org_id);
CREATE INDEX call_states_updated_at ON prewarm.call_states USING btree (updated_at);
CREATE INDEX erasures_done ON prewarm.erasures USING btree (done_at) WHERE (done_at IS NOT NULL);
CREATE INDEX erasures_org ON prewarm.erasures USING btree (org_id, done_at);
CREATE INDEX erasures_owed ON prewarm.erasures USING btree (id) WHERE (done_at IS NULL);
CREATE INDEX events_bodies ON prewarm.events USING btree (received_at) WHERE (body IS NOT NULL);
CREATE INDEX events_late_effect ON prewarm.events USING btree (xid) WHERE ((org_id IS NULL) OR (replay_xid IS NOT NULL));
CREATE INDEX events_org_call ON prewarm.events USING btree (org_id, vapi_call_id) WHERE (body IS NOT NULL);
CREATE INDEX events_parked ON prewarm.events USING btree (id) WHERE ((org_id IS NULL) AND (body IS NOT NULL) AND ((assistant_id IS NOT NULL) OR (phone_number_id IS NOT NULL)));
CREATE INDEX events_parked_assistant ON prewarm.events USING btree (assistant_id, id) WHERE ((org_id IS NULL) AND (body IS NOT NULL) AND (assistant_id IS NOT NULL));
CREATE INDEX events_parked_number ON prewarm.events USING btree (phone_number_id, id) WHERE ((org_id IS NULL) AND (body IS NOT NULL) AND (phone_number_id IS NOT NULL));
CREATE INDEX frequent_callers_org ON prewarm.frequent_callers USING btree (org_id);
CREATE INDEX jobs_done ON prewarm.jobs USING btree (ended_at) WHERE (state = 'done'::text);
CREATE INDEX jobs_due ON prewarm.jobs USING btree (queue, run_at) WHERE (state = 'waiting'::text);
CREATE INDEX jobs_running ON prewarm.jobs USING btree (worker) WHERE (state = 'running'::text);
CREATE UNIQUE INDEX jobs_waiting ON prewarm.jobs USING btree (kind) WHERE (state = 'waiting'::text);
CREATE UNIQUE INDEX leases_holder ON prewarm.leases USING btree (holder) WHERE (holder IS NOT NULL);
CREATE INDEX leases_until ON prewarm.leases USING btree (until) WHERE (holder IS NULL);
CREATE INDEX marks_org ON prewarm.marks USING btree (org_id, xid);
CREATE INDEX phone_mappings_agent ON prewarm.phone_mappings USING btree (agent_id);
CREATE UNIQUE INDEX rebuild_runs_open ON prewarm.rebuild_runs USING btree (((finished_at IS NULL))) WHERE (finished_at IS NULL);
CREATE INDEX test_calls_changed_at ON prewarm.test_calls USING btree (changed_at);
CREATE UNIQUE INDEX test_calls_claim ON prewarm.test_calls USING btree (claim) WHERE (claim IS NOT NULL);
CREATE UNIQUE INDEX test_calls_open ON prewarm.test_calls USING btree (agent_id) WHERE (stage = ANY (ARRAY['preparing'::text, 'connecting'::text, 'ready'::text]));
CREATE INDEX tombstones_made_at ON prewarm.tombstones USING btree (made_at);
CREATE INDEX versions_as_of ON prewarm.versions USING btree (as_of);
CREATE INDEX versions_deadline ON prewarm.versions USING btree (next_change_at) WHERE (next_change_at IS NOT NULL);
CREATE INDEX versions_format ON prewarm.versions USING btree (format);
ALTER TABLE ONLY prewarm.frequent_caller_bins
    ADD CONSTRAINT frequent_caller_bins_contact_id_fkey FOREIGN KEY (contact_id) REFERENCES prewarm.frequent_callers(contact_id) ON DELETE CASCADE;
ALTER TABLE ONLY prewarm.frequent_callers
    ADD CONSTRAINT frequent_callers_contact_id_fkey FOREIGN KEY (contact_id) REFERENCES prewarm.actionable_leads(id) ON DELETE CASCADE;
ALTER TABLE ONLY prewarm.rebuild_failures
    ADD CONSTRAINT rebuild_failures_run_fkey FOREIGN KEY (run) REFERENCES prewarm.rebuild_runs(run) ON DELETE CASCADE;
