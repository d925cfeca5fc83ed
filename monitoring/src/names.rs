//! Every metric: name, labels, unit, and what it counts. No metric has an org label.

/// Reads by `model`, `source` (l1, redis, postgres, built, query) and `outcome` (fresh, stale, not_modified, error).
pub const READS_TOTAL: &str = "prewarm_reads_total";
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
/// Seconds that a rebuild took.
pub const REBUILD_SECONDS: &str = "prewarm_rebuild_seconds";
/// Webhooks by `type` and `outcome` (accepted, duplicate, parked, ignored, refused, failed).
pub const INTAKE_TOTAL: &str = "prewarm_intake_total";
/// Seconds from a webhook's arrival to its answer.
pub const INTAKE_SECONDS: &str = "prewarm_intake_seconds";
/// Webhooks that were stored in one transaction.
pub const INTAKE_BATCH_SIZE: &str = "prewarm_intake_batch_size";
/// Orgs and jobs that failed too often and are tried only now and then.
pub const QUARANTINED: &str = "prewarm_quarantined";
/// Seconds by which this machine's clock is ahead of the database's; less than 0 where it is behind.
pub const CLOCK_SKEW_SECONDS: &str = "prewarm_clock_skew_seconds";
/// Open streams.
pub const STREAM_CLIENTS: &str = "prewarm_stream_clients";
/// Blobs of another org or with damaged bytes, found and dropped.
pub const ORG_MISMATCH_TOTAL: &str = "prewarm_org_mismatch_total";

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
    (CACHE_REQUESTS_TOTAL, Kind::Counter, "Look-ups of editions by tier and outcome."),
    (READ_SECONDS, Kind::Seconds, "Time from a read's arrival to its answer."),
    (READ_BYTES_TOTAL, Kind::Counter, "Body bytes sent by coding."),
    (FRESHNESS_SECONDS, Kind::Seconds, "Time from a change to the published blob that holds it, by model."),
    (OLDEST_OWED_SECONDS, Kind::Gauge, "How long the longest owed org has been owed."),
    (OWED_ORGS, Kind::Gauge, "Orgs that are owed a rebuild."),
    (REBUILDS_TOTAL, Kind::Counter, "Rebuilds by outcome."),
    (REBUILD_SECONDS, Kind::Seconds, "Duration of a rebuild."),
    (INTAKE_TOTAL, Kind::Counter, "Webhooks by type and outcome."),
    (INTAKE_SECONDS, Kind::Seconds, "Time from a webhook's arrival to its answer."),
    (INTAKE_BATCH_SIZE, Kind::Pieces, "Webhooks stored in one transaction."),
    (QUARANTINED, Kind::Gauge, "Orgs in quarantine."),
    (CLOCK_SKEW_SECONDS, Kind::Gauge, "How far this machine's clock is ahead of the database's."),
    (STREAM_CLIENTS, Kind::Gauge, "Open streams of versions."),
    (ORG_MISMATCH_TOTAL, Kind::Counter, "Blobs of another org or with damaged bytes, found and dropped."),
];
