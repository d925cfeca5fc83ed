//! The pulse model: an org's totals, over calls that are not test calls.

use bigdecimal::BigDecimal;
use serde::Serialize;

use crate::{
    number::{Number, whole_mean},
    time::Timestamp,
};

/// Changes of the shape below. Each makes a new [`crate::model::Format`].
pub(crate) const CHANGES: i32 = 0;

/// The chart goes back this many hours from the hour of the build.
pub const HOURS: i64 = 168;

/// Numbers only, never null, in the order of their keys.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct Pulse {
    /// All calls.
    pub total_calls: i64,
    /// Those that came in.
    pub inbound_calls: i64,
    /// Those that went out.
    pub outbound_calls: i64,
    /// Those with a duration above zero.
    pub answered_calls: i64,
    /// Over the calls that have a duration.
    pub avg_duration_seconds: i64,
    /// Live appointments: pending, confirmed, in progress, completed.
    pub appointments_booked: i64,
    /// 0 to 1, over the calls that have a score.
    pub avg_sentiment: Number,
    /// Percent of the inbound calls whose contact has since booked a live appointment.
    pub success_rate: Number,
    /// Estimated value of the actionable contacts.
    pub pipeline_value: Number,
    /// Actionable contacts with a score from 80 on.
    pub hot_leads_count: i64,
    /// Created on the org's calendar day of the build.
    pub calls_today: i64,
    /// The non-empty hours of the last week, oldest first.
    pub hourly: Vec<Hour>,
}

/// One UTC hour with calls in it.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct Hour {
    /// Its first instant.
    pub hour: Timestamp,
    /// Calls created in it.
    pub calls: i64,
    /// Those that came in.
    pub inbound: i64,
    /// Over its calls that have a duration; 0 without.
    pub avg_duration_seconds: i64,
}

/// Sums and counts of an org's calls, exact, as the database adds them up.
#[derive(Debug, Default)]
#[expect(missing_docs, reason = "the parts of the fields of `Pulse` that bear their names")]
pub struct Totals {
    pub total_calls: i64,
    pub inbound_calls: i64,
    pub outbound_calls: i64,
    pub answered_calls: i64,
    pub duration_total: i64,
    pub duration_calls: i64,
    pub sentiment_total: BigDecimal,
    pub sentiment_calls: i64,
    pub successful_calls: i64,
    pub calls_today: i64,
    pub appointments_booked: i64,
    pub pipeline_total: BigDecimal,
    pub hot_leads_count: i64,
}

/// The parts of one hour.
#[derive(Clone, Copy, Debug)]
#[expect(missing_docs, reason = "the parts of the fields of `Hour` that bear their names")]
pub struct HourTotals {
    pub hour: Timestamp,
    pub calls: i64,
    pub inbound: i64,
    pub duration_total: i64,
    pub duration_calls: i64,
}

impl Pulse {
    /// The model from its exact parts.
    pub fn of(totals: Totals, hours: Vec<HourTotals>) -> Self {
        Self {
            total_calls: totals.total_calls,
            inbound_calls: totals.inbound_calls,
            outbound_calls: totals.outbound_calls,
            answered_calls: totals.answered_calls,
            avg_duration_seconds: mean_seconds(totals.duration_total, totals.duration_calls),
            appointments_booked: totals.appointments_booked,
            avg_sentiment: Number::mean(&totals.sentiment_total, totals.sentiment_calls).unwrap_or_else(Number::zero),
            success_rate: Number::percent(totals.successful_calls, totals.inbound_calls),
            pipeline_value: Number::money(totals.pipeline_total),
            hot_leads_count: totals.hot_leads_count,
            calls_today: totals.calls_today,
            hourly: hours.into_iter().map(Hour::of).collect(),
        }
    }
}

impl Hour {
    fn of(parts: HourTotals) -> Self {
        Self {
            hour: parts.hour,
            calls: parts.calls,
            inbound: parts.inbound,
            avg_duration_seconds: mean_seconds(parts.duration_total, parts.duration_calls),
        }
    }
}

fn mean_seconds(total: i64, calls: i64) -> i64 {
    whole_mean(&BigDecimal::from(total), calls).unwrap_or(0)
}
