//! Every metric: name, kind, labels, and what it counts. No metric has an org label.

/// What a metric is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Only rises.
    Counter,
    /// Rises and falls.
    Gauge,
    /// Observations in buckets of seconds.
    Seconds,
    /// Observations in buckets of pieces.
    Pieces,
}

/// A metric a line: its doc comment is its help text, too.
macro_rules! metrics {
    ($($(#[doc = $help:literal])+ $constant:ident: $kind:ident = $name:literal;)+) => {
        $($(#[doc = $help])+ pub const $constant: &str = $name;)+

        /// Every metric with its kind and help text.
        pub const ALL: &[(&str, Kind, &str)] = &[$(($constant, Kind::$kind, concat!($($help),+))),+];
    };
}

metrics! {
    /// Reads by `model`, `source` (l1, redis, postgres, built, query) and `outcome` (fresh, stale, not_modified, error).
    READS_TOTAL: Counter = "prewarm_reads_total";
    /// Lists of calls that were turned away by `reason` (org: it has too many under way; node: all orgs have; slow: it took too
    /// long).
    LISTS_REFUSED_TOTAL: Counter = "prewarm_lists_refused_total";
    /// Look-ups by `tier` (l1, redis, postgres) and `outcome` (hit, miss, error).
    CACHE_REQUESTS_TOTAL: Counter = "prewarm_cache_requests_total";
    /// Seconds from a read's arrival to its answer.
    READ_SECONDS: Seconds = "prewarm_read_seconds";
    /// Body bytes sent by `coding` (identity, gzip, br, zstd, dcz).
    READ_BYTES_TOTAL: Counter = "prewarm_read_bytes_total";
    /// Seconds from a change to the blob that holds it, by `model`.
    FRESHNESS_SECONDS: Seconds = "prewarm_freshness_seconds";
    /// Seconds for which the longest owed org has been owed.
    OLDEST_OWED_SECONDS: Gauge = "prewarm_oldest_owed_seconds";
    /// Orgs that are owed a rebuild.
    OWED_ORGS: Gauge = "prewarm_owed_orgs";
    /// Rebuilds by `outcome` (changed, unchanged, superseded, failed).
    REBUILDS_TOTAL: Counter = "prewarm_rebuilds_total";
    /// Orgs in a time zone whose name is not known, counted as UTC; each once a process.
    UNKNOWN_TIMEZONES_TOTAL: Counter = "prewarm_unknown_timezones_total";
    /// Seconds that a rebuild took.
    REBUILD_SECONDS: Seconds = "prewarm_rebuild_seconds";
    /// Webhooks by `type` (those that Vapi is known to send, other, unread; unrouted: a POST to no route of ours) and `outcome` (accepted, duplicate, parked,
    /// ignored, late, refused, failed). Late is an answer to an assistant request that Postgres did not confirm; refused is what
    /// cannot be read, and what is kept until the source takes it.
    INTAKE_TOTAL: Counter = "prewarm_intake_total";
    /// Seconds from a webhook's arrival to its answer.
    INTAKE_SECONDS: Seconds = "prewarm_intake_seconds";
    /// Webhooks that were stored in one transaction.
    INTAKE_BATCH_SIZE: Pieces = "prewarm_intake_batch_size";
    /// Contacts that the source refused, by `reason` (check, not_null, unique, value, trigger, privilege, other): their calls
    /// are kept without them.
    CONTACTS_REFUSED_TOTAL: Counter = "prewarm_contacts_refused_total";
    /// Names at Vapi that rows of more than one org bear, by `kind` (assistant, number): what comes for them is parked.
    CONTESTED: Gauge = "prewarm_contested";
    /// Faults of the triggers on the source's tables in the last ten minutes: their orgs are rebuilt whole.
    SOURCE_FAULTS: Gauge = "prewarm_source_faults";
    /// Erasures that are not done everywhere.
    OWED_ERASURES: Gauge = "prewarm_owed_erasures";
    /// Webhooks that wait for one of our maps to have their assistant or number; some thousands are counted, not more.
    PARKED_EVENTS: Gauge = "prewarm_parked_events";
    /// Parked webhooks that were taken up by `outcome` (replayed, failed).
    REPLAYS_TOTAL: Counter = "prewarm_replays_total";
    /// Calls as Vapi lists them, by `outcome` (accepted: it says what no webhook had told; duplicate: it does not; parked,
    /// refused, failed).
    RECONCILED_CALLS_TOTAL: Counter = "prewarm_reconciled_calls_total";
    /// Until when Vapi's list of calls has been taken in, in seconds since 1970.
    RECONCILED_UNTIL_SECONDS: Gauge = "prewarm_reconciled_until_seconds";
    /// Orgs and jobs that failed too often and are tried only now and then.
    QUARANTINED: Gauge = "prewarm_quarantined";
    /// Requests to Vapi by `operation` and `status` (the answer's, or connect, timeout, broken, unreadable).
    VAPI_REQUESTS_TOTAL: Counter = "prewarm_vapi_requests_total";
    /// Seconds from a request's first byte to its answer's last one, by `operation`.
    VAPI_REQUEST_SECONDS: Seconds = "prewarm_vapi_request_seconds";
    /// Assistants that others have changed at Vapi by `kind` (changed, missing, surplus, phone_number): found, and mended.
    VAPI_DRIFT_TOTAL: Counter = "prewarm_vapi_drift_total";
    /// Assistants at Vapi whose agents are not there.
    UNCLAIMED_ASSISTANTS: Gauge = "prewarm_unclaimed_assistants";
    /// Passes over agents by `outcome` (skipped, created, updated, failed).
    ASSISTANTS_TOTAL: Counter = "prewarm_assistants_total";
    /// Agents with changes that Vapi has not taken.
    OWED_AGENTS: Gauge = "prewarm_owed_agents";
    /// Seconds for which the longest owed agent has been owed.
    OLDEST_OWED_AGENT_SECONDS: Gauge = "prewarm_oldest_owed_agent_seconds";
    /// Agents whose configuration or account Vapi refuses.
    FAILED_AGENTS: Gauge = "prewarm_failed_agents";
    /// Seconds by which this machine's clock is ahead of the database's; less than 0 where it is behind.
    CLOCK_SKEW_SECONDS: Gauge = "prewarm_clock_skew_seconds";
    /// Open streams.
    STREAM_CLIENTS: Gauge = "prewarm_stream_clients";
    /// Bodies by `model` that were too large to pack: their orgs keep the last edition that fitted.
    OVERSIZED_BODIES_TOTAL: Counter = "prewarm_oversized_bodies_total";
    /// Blobs of another installation or org, or with damaged bytes: found, not served, and made again.
    ORG_MISMATCH_TOTAL: Counter = "prewarm_org_mismatch_total";
    /// Requests that were refused by `status` and `reason`: every answer of 400 and above of the api.
    REFUSALS_TOTAL: Counter = "prewarm_refusals_total";
    /// Lines of the log that were dropped, since nobody read standard error fast enough.
    LOG_LINES_DROPPED_TOTAL: Counter = "prewarm_log_lines_dropped_total";
}
