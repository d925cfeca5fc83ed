//! Every metric: name, kind, labels and meaning. No metric has an org label.

/// The kind of a metric.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Only rises.
    Counter,
    /// Rises and falls.
    Gauge,
    /// A histogram of seconds.
    Seconds,
    /// A histogram of counts.
    Pieces,
}

/// Declares metrics, one a line; the doc comment is also the help text.
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
    /// Lists of calls that were turned away by `reason` (org: the org has too many running; node: all orgs together
    /// have; slow: it took too long).
    LISTS_REFUSED_TOTAL: Counter = "prewarm_lists_refused_total";
    /// Look-ups by `tier` (l1, redis, postgres) and `outcome` (hit, miss, error).
    CACHE_REQUESTS_TOTAL: Counter = "prewarm_cache_requests_total";
    /// Seconds from the arrival of a read to its answer.
    READ_SECONDS: Seconds = "prewarm_read_seconds";
    /// Body bytes sent by `coding` (identity, gzip, br, zstd, dcz).
    READ_BYTES_TOTAL: Counter = "prewarm_read_bytes_total";
    /// Seconds from a change to the published blob that contains it, by `model`.
    FRESHNESS_SECONDS: Seconds = "prewarm_freshness_seconds";
    /// Age in seconds of the oldest owed rebuild.
    OLDEST_OWED_SECONDS: Gauge = "prewarm_oldest_owed_seconds";
    /// Orgs that are owed a rebuild.
    OWED_ORGS: Gauge = "prewarm_owed_orgs";
    /// Rebuilds by `outcome` (changed, unchanged, superseded, failed).
    REBUILDS_TOTAL: Counter = "prewarm_rebuilds_total";
    /// Comparisons of what is kept of an org with the source, by `outcome` (equal, drifted, changing: they wait until nothing
    /// is owed).
    COMPARED_ORGS_TOTAL: Counter = "prewarm_compared_orgs_total";
    /// Orgs of which something kept differed from the source, by `part` (leads, sums, frequent callers). They are made anew.
    DRIFT_TOTAL: Counter = "prewarm_drift_total";
    /// Orgs in an unknown time zone, treated as UTC. Each org is counted once a process.
    UNKNOWN_TIMEZONES_TOTAL: Counter = "prewarm_unknown_timezones_total";
    /// Seconds that a rebuild takes.
    REBUILD_SECONDS: Seconds = "prewarm_rebuild_seconds";
    /// Webhooks by `type` (Vapi's known types; other; unread: the body cannot be parsed; unrouted: a POST to no route)
    /// and `outcome` (accepted, duplicate, parked, ignored, late, refused, failed). Late: an assistant request answered
    /// without confirmation by Postgres. Refused: unreadable, or parked because the source rejects it.
    INTAKE_TOTAL: Counter = "prewarm_intake_total";
    /// Seconds from the arrival of a webhook to its answer.
    INTAKE_SECONDS: Seconds = "prewarm_intake_seconds";
    /// Webhooks stored in one transaction.
    INTAKE_BATCH_SIZE: Pieces = "prewarm_intake_batch_size";
    /// Contacts that the source rejected, by `reason` (check, not_null, unique, value, trigger, privilege, other).
    /// Their calls are kept without them.
    CONTACTS_REFUSED_TOTAL: Counter = "prewarm_contacts_refused_total";
    /// Vapi ids that rows of more than one org name, by `kind` (assistant, number). Their webhooks are parked.
    CONTESTED: Gauge = "prewarm_contested";
    /// Faults of the triggers on the source tables in the last ten minutes. Their orgs are rebuilt whole.
    SOURCE_FAULTS: Gauge = "prewarm_source_faults";
    /// Differences between the source tables and the map by which they are attached. Answers are labelled stale.
    SOURCE_DRIFT: Gauge = "prewarm_source_drift";
    /// Erasures that are not complete in every store.
    OWED_ERASURES: Gauge = "prewarm_owed_erasures";
    /// Webhooks parked until our maps have their assistant or number. The count stops at some thousands.
    PARKED_EVENTS: Gauge = "prewarm_parked_events";
    /// Replays of parked webhooks by `outcome` (replayed, failed).
    REPLAYS_TOTAL: Counter = "prewarm_replays_total";
    /// Calls in Vapi's list by `outcome` (accepted: no webhook had reported it; duplicate: nothing new; parked,
    /// refused, failed).
    RECONCILED_CALLS_TOTAL: Counter = "prewarm_reconciled_calls_total";
    /// The instant up to which Vapi's list of calls has been taken in, in seconds since 1970.
    RECONCILED_UNTIL_SECONDS: Gauge = "prewarm_reconciled_until_seconds";
    /// Orgs and jobs that failed too often and are retried only rarely.
    QUARANTINED: Gauge = "prewarm_quarantined";
    /// Requests to Vapi by `operation` and `status` (of the answer, or connect, timeout, broken, unreadable).
    VAPI_REQUESTS_TOTAL: Counter = "prewarm_vapi_requests_total";
    /// Seconds from the first byte of a request to Vapi to the last byte of its answer, by `operation`.
    VAPI_REQUEST_SECONDS: Seconds = "prewarm_vapi_request_seconds";
    /// Changes at Vapi by others, found and reverted, by `kind` (changed, missing, surplus, phone_number).
    VAPI_DRIFT_TOTAL: Counter = "prewarm_vapi_drift_total";
    /// Assistants at Vapi whose agents do not exist.
    UNCLAIMED_ASSISTANTS: Gauge = "prewarm_unclaimed_assistants";
    /// Syncs of an agent's assistant by `outcome` (skipped, created, updated, failed).
    ASSISTANTS_TOTAL: Counter = "prewarm_assistants_total";
    /// Agents with changes that Vapi does not have yet.
    OWED_AGENTS: Gauge = "prewarm_owed_agents";
    /// Age in seconds of the oldest owed change of an agent.
    OLDEST_OWED_AGENT_SECONDS: Gauge = "prewarm_oldest_owed_agent_seconds";
    /// Agents whose configuration or account Vapi rejects.
    FAILED_AGENTS: Gauge = "prewarm_failed_agents";
    /// Seconds by which this machine's clock is ahead of the database's; negative if it is behind.
    CLOCK_SKEW_SECONDS: Gauge = "prewarm_clock_skew_seconds";
    /// Open streams.
    STREAM_CLIENTS: Gauge = "prewarm_stream_clients";
    /// Bodies too large to store, by `model`. Their orgs keep the last edition that fitted.
    OVERSIZED_BODIES_TOTAL: Counter = "prewarm_oversized_bodies_total";
    /// Blobs of another installation or org, or with damaged bytes. They are not served, and are rebuilt.
    ORG_MISMATCH_TOTAL: Counter = "prewarm_org_mismatch_total";
    /// Refused requests by `status` and `reason`: every answer of the api with status 400 or above.
    REFUSALS_TOTAL: Counter = "prewarm_refusals_total";
    /// Log lines dropped because standard error was not read fast enough.
    LOG_LINES_DROPPED_TOTAL: Counter = "prewarm_log_lines_dropped_total";
}
