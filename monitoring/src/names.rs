//! Every metric: name, labels, unit, and what it counts. No metric has an org label.

/// Reads by `model`, `source` (l1, redis, postgres, built, query) and `outcome` (fresh, stale, not_modified, error).
pub const READS_TOTAL: &str = "prewarm_reads_total";
/// Lists of calls that were turned away by `reason` (org: it has too many under way; node: all orgs have; slow: it took too
/// long).
pub const LISTS_REFUSED_TOTAL: &str = "prewarm_lists_refused_total";
/// Look-ups by `tier` (l1, redis, postgres) and `outcome` (hit, miss, error).
pub const CACHE_REQUESTS_TOTAL: &str = "prewarm_cache_requests_total";
/// Seconds from a read's arrival to its answer.
pub const READ_SECONDS: &str = "prewarm_read_seconds";
/// Body bytes sent by `coding` (identity, gzip, br, zstd, dcz).
pub const READ_BYTES_TOTAL: &str = "prewarm_read_bytes_total";
/// Seconds from a change to the blob that holds it, by `model`.
pub const FRESHNESS_SECONDS: &str = "prewarm_freshness_seconds";
/// Seconds for which the longest owed org has been owed.
pub const OLDEST_OWED_SECONDS: &str = "prewarm_oldest_owed_seconds";
/// Orgs that are owed a rebuild.
pub const OWED_ORGS: &str = "prewarm_owed_orgs";
/// Rebuilds by `outcome` (changed, unchanged, superseded, failed).
pub const REBUILDS_TOTAL: &str = "prewarm_rebuilds_total";
/// Orgs in a time zone whose name is not known, counted as UTC; each once a process.
pub const UNKNOWN_TIMEZONES_TOTAL: &str = "prewarm_unknown_timezones_total";
/// Seconds that a rebuild took.
pub const REBUILD_SECONDS: &str = "prewarm_rebuild_seconds";
/// Webhooks by `type` (those that Vapi is known to send, other, unread; unrouted: a POST to no route of ours) and `outcome` (accepted, duplicate, parked,
/// ignored, late, refused, failed). Late is an answer to an assistant request that Postgres did not confirm; refused is what
/// cannot be read, and what is kept until the source takes it.
pub const INTAKE_TOTAL: &str = "prewarm_intake_total";
/// Seconds from a webhook's arrival to its answer.
pub const INTAKE_SECONDS: &str = "prewarm_intake_seconds";
/// Webhooks that were stored in one transaction.
pub const INTAKE_BATCH_SIZE: &str = "prewarm_intake_batch_size";
/// Contacts that the source refused, by `reason` (check, not_null, unique, value, trigger, privilege, other): their calls
/// are kept without them.
pub const CONTACTS_REFUSED_TOTAL: &str = "prewarm_contacts_refused_total";
/// Names at Vapi that rows of more than one org bear, by `kind` (assistant, number): what comes for them is parked.
pub const CONTESTED: &str = "prewarm_contested";
/// Erasures that are not done everywhere.
pub const OWED_ERASURES: &str = "prewarm_owed_erasures";
/// Webhooks that wait for one of our maps to have their assistant or number; some thousands are counted, not more.
pub const PARKED_EVENTS: &str = "prewarm_parked_events";
/// Parked webhooks that were taken up by `outcome` (replayed, failed).
pub const REPLAYS_TOTAL: &str = "prewarm_replays_total";
/// Calls as Vapi lists them, by `outcome` (accepted: it says what no webhook had told; duplicate: it does not; parked,
/// refused, failed).
pub const RECONCILED_CALLS_TOTAL: &str = "prewarm_reconciled_calls_total";
/// Until when Vapi's list of calls has been taken in, in seconds since 1970.
pub const RECONCILED_UNTIL_SECONDS: &str = "prewarm_reconciled_until_seconds";
/// Orgs and jobs that failed too often and are tried only now and then.
pub const QUARANTINED: &str = "prewarm_quarantined";
/// Requests to Vapi by `operation` and `status` (the answer's, or connect, timeout, broken, unreadable).
pub const VAPI_REQUESTS_TOTAL: &str = "prewarm_vapi_requests_total";
/// Seconds from a request's first byte to its answer's last one, by `operation`.
pub const VAPI_REQUEST_SECONDS: &str = "prewarm_vapi_request_seconds";
/// Assistants that others have changed at Vapi by `kind` (changed, missing, surplus, phone_number): found, and mended.
pub const VAPI_DRIFT_TOTAL: &str = "prewarm_vapi_drift_total";
/// Assistants at Vapi whose agents are not there.
pub const UNCLAIMED_ASSISTANTS: &str = "prewarm_unclaimed_assistants";
/// Passes over agents by `outcome` (skipped, created, updated, failed).
pub const ASSISTANTS_TOTAL: &str = "prewarm_assistants_total";
/// Agents with changes that Vapi has not taken.
pub const OWED_AGENTS: &str = "prewarm_owed_agents";
/// Seconds for which the longest owed agent has been owed.
pub const OLDEST_OWED_AGENT_SECONDS: &str = "prewarm_oldest_owed_agent_seconds";
/// Agents whose configuration or account Vapi refuses.
pub const FAILED_AGENTS: &str = "prewarm_failed_agents";
/// Seconds by which this machine's clock is ahead of the database's; less than 0 where it is behind.
pub const CLOCK_SKEW_SECONDS: &str = "prewarm_clock_skew_seconds";
/// Open streams.
pub const STREAM_CLIENTS: &str = "prewarm_stream_clients";
/// Bodies by `model` that were too large to pack: their orgs keep the last edition that fitted.
pub const OVERSIZED_BODIES_TOTAL: &str = "prewarm_oversized_bodies_total";
/// Blobs of another installation or org, or with damaged bytes: found, not served, and made again.
pub const ORG_MISMATCH_TOTAL: &str = "prewarm_org_mismatch_total";
/// Requests that were refused by `status` and `reason`: every answer of 400 and above of the api.
pub const REFUSALS_TOTAL: &str = "prewarm_refusals_total";
/// Lines of the log that were dropped, since nobody read standard error fast enough.
pub const LOG_LINES_DROPPED_TOTAL: &str = "prewarm_log_lines_dropped_total";

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

/// Every metric with its kind and help text.
pub const ALL: &[(&str, Kind, &str)] = &[
    (READS_TOTAL, Kind::Counter, "Reads by model, source and outcome."),
    (LISTS_REFUSED_TOTAL, Kind::Counter, "Lists of calls that were turned away, by reason."),
    (CACHE_REQUESTS_TOTAL, Kind::Counter, "Look-ups of editions by tier and outcome."),
    (READ_SECONDS, Kind::Seconds, "Time from a read's arrival to its answer."),
    (READ_BYTES_TOTAL, Kind::Counter, "Body bytes sent by coding."),
    (FRESHNESS_SECONDS, Kind::Seconds, "Time from a change to the published blob that holds it, by model."),
    (OLDEST_OWED_SECONDS, Kind::Gauge, "How long the longest owed org has been owed."),
    (OWED_ORGS, Kind::Gauge, "Orgs that are owed a rebuild."),
    (REBUILDS_TOTAL, Kind::Counter, "Rebuilds by outcome."),
    (UNKNOWN_TIMEZONES_TOTAL, Kind::Counter, "Orgs whose time zone has no known name and counts as UTC."),
    (REBUILD_SECONDS, Kind::Seconds, "Duration of a rebuild."),
    (INTAKE_TOTAL, Kind::Counter, "Webhooks by type and outcome."),
    (INTAKE_SECONDS, Kind::Seconds, "Time from a webhook's arrival to its answer."),
    (INTAKE_BATCH_SIZE, Kind::Pieces, "Webhooks stored in one transaction."),
    (CONTACTS_REFUSED_TOTAL, Kind::Counter, "Contacts that the source refused, by reason."),
    (CONTESTED, Kind::Gauge, "Assistants and numbers that rows of more than one org name."),
    (OWED_ERASURES, Kind::Gauge, "Erasures that are not done everywhere."),
    (PARKED_EVENTS, Kind::Gauge, "Webhooks that wait for their assistant or number to be known."),
    (REPLAYS_TOTAL, Kind::Counter, "Parked webhooks that were taken up, by outcome."),
    (RECONCILED_CALLS_TOTAL, Kind::Counter, "Calls as Vapi lists them, by outcome."),
    (RECONCILED_UNTIL_SECONDS, Kind::Gauge, "Until when Vapi's list of calls has been taken in."),
    (QUARANTINED, Kind::Gauge, "Orgs in quarantine."),
    (VAPI_REQUESTS_TOTAL, Kind::Counter, "Requests to Vapi by operation and status."),
    (VAPI_REQUEST_SECONDS, Kind::Seconds, "Duration of a request to Vapi, by operation."),
    (VAPI_DRIFT_TOTAL, Kind::Counter, "What others have changed at Vapi, by kind."),
    (UNCLAIMED_ASSISTANTS, Kind::Gauge, "Assistants at Vapi whose agents are not there."),
    (ASSISTANTS_TOTAL, Kind::Counter, "Passes over agents by outcome."),
    (OWED_AGENTS, Kind::Gauge, "Agents with changes that Vapi has not taken."),
    (OLDEST_OWED_AGENT_SECONDS, Kind::Gauge, "How long the longest owed agent has been owed."),
    (FAILED_AGENTS, Kind::Gauge, "Agents whose configuration or account Vapi refuses."),
    (CLOCK_SKEW_SECONDS, Kind::Gauge, "How far this machine's clock is ahead of the database's."),
    (STREAM_CLIENTS, Kind::Gauge, "Open streams of versions."),
    (OVERSIZED_BODIES_TOTAL, Kind::Counter, "Bodies that were too large to pack, by model."),
    (ORG_MISMATCH_TOTAL, Kind::Counter, "Blobs of another org or with damaged bytes, found and not served."),
    (REFUSALS_TOTAL, Kind::Counter, "Requests that were refused, by status and reason."),
    (LOG_LINES_DROPPED_TOTAL, Kind::Counter, "Lines of the log that found no room."),
];
