//! Series that exist at zero from the start of a process. For Prometheus a counter that first appears at 1 has not
//! risen, so `rate()` would miss the first event of its kind, which matters most for rare kinds.

use metrics::{counter, gauge};

use crate::names;

/// Series of every process.
pub fn process() {
    counter!(names::LOG_LINES_DROPPED_TOTAL).increment(0);
}

/// Series of a process with an api, except the counters of reads, which it creates itself.
pub fn api(message_types: impl IntoIterator<Item = &'static str>) {
    counter!(names::ORG_MISMATCH_TOTAL).increment(0);
    gauge!(names::STREAM_CLIENTS).set(0.0);
    for reason in ["org", "node", "slow"] {
        counter!(names::LISTS_REFUSED_TOTAL, "reason" => reason).increment(0);
    }
    counter!(names::INTAKE_TOTAL, "type" => "unread", "outcome" => "refused").increment(0);
    counter!(names::INTAKE_TOTAL, "type" => "unrouted", "outcome" => "refused").increment(0);
    counter!(names::INTAKE_TOTAL, "type" => "assistant-request", "outcome" => "late").increment(0);
    for kind in message_types.into_iter().chain(["other"]) {
        for outcome in ["failed", "refused"] {
            counter!(names::INTAKE_TOTAL, "type" => kind, "outcome" => outcome).increment(0);
        }
    }
}

/// Series of a process with a worker.
pub fn worker() {
    for outcome in ["changed", "unchanged", "superseded", "failed"] {
        counter!(names::REBUILDS_TOTAL, "outcome" => outcome).increment(0);
    }
    counter!(names::UNKNOWN_TIMEZONES_TOTAL).increment(0);
    for part in ["leads", "sums", "frequent callers"] {
        counter!(names::DRIFT_TOTAL, "part" => part).increment(0);
    }
    for outcome in ["replayed", "failed"] {
        counter!(names::REPLAYS_TOTAL, "outcome" => outcome).increment(0);
    }
}

/// Series of a process that syncs assistants.
pub fn assistants() {
    for outcome in ["skipped", "created", "updated", "failed"] {
        counter!(names::ASSISTANTS_TOTAL, "outcome" => outcome).increment(0);
    }
    for kind in ["changed", "missing", "surplus", "phone_number"] {
        counter!(names::VAPI_DRIFT_TOTAL, "kind" => kind).increment(0);
    }
    gauge!(names::UNCLAIMED_ASSISTANTS).set(0.0);
    for outcome in ["accepted", "duplicate", "parked", "refused", "failed"] {
        counter!(names::RECONCILED_CALLS_TOTAL, "outcome" => outcome).increment(0);
    }
}
