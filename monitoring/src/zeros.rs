//! Series that exist at zero from a process' start. A counter that first appears at 1 has not risen as far as
//! Prometheus knows: `rate()` would miss the first event of its kind, and of a rare kind the first is the one to see.

use metrics::{counter, gauge};

use crate::names;

/// Those of every process.
pub fn process() {
    counter!(names::LOG_LINES_DROPPED_TOTAL).increment(0);
}

/// Those of a process with an api, beside the counters of reads, which it holds from its start on.
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

/// Those of a process with a worker.
pub fn worker() {
    for outcome in ["changed", "unchanged", "superseded", "failed"] {
        counter!(names::REBUILDS_TOTAL, "outcome" => outcome).increment(0);
    }
    counter!(names::UNKNOWN_TIMEZONES_TOTAL).increment(0);
    for outcome in ["replayed", "failed"] {
        counter!(names::REPLAYS_TOTAL, "outcome" => outcome).increment(0);
    }
}

/// Those of a process that makes assistants.
pub fn prewarm() {
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
