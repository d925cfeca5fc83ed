//! The calls model: one page of an org's calls, newest first. Blobs hold the first page; a query makes any other.

use bigdecimal::BigDecimal;
use serde::Serialize;

use crate::{
    ids::{CallId, ContactId},
    number::Number,
    time::Timestamp,
};

/// Changes of the shape below. Each makes a new [`crate::model::Format`].
pub(crate) const CHANGES: i32 = 0;

/// Rows of a page unless the reader asks for another number.
pub const PAGE_LIMIT: i64 = 20;

/// `{"calls": […], "pagination": {…}}`.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct Calls {
    /// The page's rows.
    pub calls: Vec<Call>,
    /// Where the page lies.
    pub pagination: Pagination,
}

/// Where a page lies among all.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct Pagination {
    /// From 1 on.
    pub page: i64,
    /// Rows of a page.
    pub limit: i64,
    /// Rows of all pages.
    pub total: i64,
    /// The number of pages; 0 without rows.
    pub pages: i64,
}

impl Pagination {
    /// The page's place among `total` rows.
    pub const fn of(page: i64, limit: i64, total: i64) -> Self {
        Self { page, limit, total, pages: (total + limit - 1) / limit }
    }
}

/// One row, in the order of its keys. What the source has no column for is false, empty or null.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[expect(missing_docs, reason = "the names that existing dashboards read")]
pub struct Call {
    pub id: CallId,
    pub phone_number: String,
    pub caller_name: String,
    pub call_date: Option<Timestamp>,
    pub duration_seconds: i32,
    pub status: String,
    pub call_direction: String,
    pub has_recording: bool,
    pub recording_status: Option<String>,
    pub has_transcript: bool,
    pub sentiment_score: Option<Number>,
    pub sentiment_label: Option<String>,
    pub sentiment_summary: Option<String>,
    pub sentiment_urgency: Option<String>,
    pub outcome: Option<String>,
    pub outcome_summary: Option<String>,
    pub call_type: String,
    pub cost_cents: i32,
    pub ended_reason: Option<String>,
    pub tools_used: Vec<String>,
    pub has_appointment: bool,
    pub appointment_id: Option<String>,
    pub appointment_scheduled_at: Option<Timestamp>,
    pub appointment_status: Option<String>,
    pub appointment_service_type: Option<String>,
}

/// An org's newest calls, [`PAGE_LIMIT`] of each direction, newest first.
#[derive(Clone, Debug)]
#[expect(missing_docs, reason = "one field a direction")]
pub struct Newest {
    pub inbound: Vec<CallFacts>,
    pub outbound: Vec<CallFacts>,
}

impl Newest {
    /// The newest of each direction among calls that hold them, in whatever order. Every call has one direction or the other.
    pub fn of(calls: Vec<CallFacts>) -> Self {
        let (mut inbound, mut outbound): (Vec<_>, Vec<_>) =
            calls.into_iter().partition(|call| call.call_direction == "inbound");
        keep_newest(&mut inbound, |call| call);
        keep_newest(&mut outbound, |call| call);
        Self { inbound, outbound }
    }

    /// The newest after changes: `calls` are all that were created at the instants `at`, and no other call has changed. `None`
    /// if calls that came after these may move up.
    #[must_use]
    pub fn after(&self, at: &[Timestamp], calls: Vec<CallFacts>) -> Option<Self> {
        let (inbound, outbound): (Vec<_>, Vec<_>) =
            calls.into_iter().partition(|call| call.call_direction == "inbound");
        Some(Self {
            inbound: newest_after(&self.inbound, at, inbound)?,
            outbound: newest_after(&self.outbound, at, outbound)?,
        })
    }

    /// The newest of both, newest first.
    pub fn of_both(&self) -> Vec<&CallFacts> {
        let mut calls: Vec<&CallFacts> = self.inbound.iter().chain(&self.outbound).collect();
        keep_newest(&mut calls, |call| call);
        calls
    }
}

fn newest_after(before: &[CallFacts], at: &[Timestamp], changed: Vec<CallFacts>) -> Option<Vec<CallFacts>> {
    let is_changed = |call: &&CallFacts| call.created_at.is_some_and(|created| at.contains(&created));
    let last = before.last().filter(|_| before.len() >= PAGE).map(order);
    let mut calls = changed;
    calls.extend(before.iter().filter(|call| !is_changed(call)).cloned());
    // The calls after the last one that was known may have unknown ones between them.
    calls.retain(|call| last.is_none_or(|last| order(call) >= last));
    keep_newest(&mut calls, |call| call);
    (last.is_none() || calls.len() >= PAGE).then_some(calls)
}

const PAGE: usize = PAGE_LIMIT as usize;

/// The greater is the newer.
fn order(call: &CallFacts) -> (Option<Timestamp>, CallId) {
    (call.created_at, call.id)
}

/// A page of the newest, newest first. Equal instants by id, descending, as in every list of calls; without an instant last.
fn keep_newest<T>(calls: &mut Vec<T>, facts: impl Fn(&T) -> &CallFacts) {
    calls.sort_unstable_by_key(|call| std::cmp::Reverse(order(facts(call))));
    calls.truncate(PAGE);
}

/// A call as the source has it, with its contact's name.
#[derive(Clone, Debug)]
#[expect(missing_docs, reason = "columns of the source")]
pub struct CallFacts {
    pub id: CallId,
    pub phone_number: Option<String>,
    pub contact_id: Option<ContactId>,
    pub contact_name: Option<String>,
    pub created_at: Option<Timestamp>,
    pub duration_seconds: Option<i32>,
    pub status: Option<String>,
    pub call_direction: String,
    pub sentiment_score: Option<BigDecimal>,
    pub sentiment_label: Option<String>,
    pub summary: Option<String>,
    pub cost_cents: Option<i32>,
    pub ended_reason: Option<String>,
}

impl Call {
    /// The row of a call.
    pub fn of(call: CallFacts) -> Self {
        let phone_number = call.phone_number.unwrap_or_else(|| "Unknown".into());
        Self {
            id: call.id,
            caller_name: call.contact_name.unwrap_or_else(|| phone_number.clone()),
            phone_number,
            call_date: call.created_at,
            duration_seconds: call.duration_seconds.unwrap_or(0),
            status: call.status.unwrap_or_else(|| "completed".into()),
            has_recording: false,
            recording_status: None,
            has_transcript: false,
            sentiment_score: call.sentiment_score.map(Number::exact),
            sentiment_label: call.sentiment_label,
            sentiment_summary: call.summary.clone(),
            sentiment_urgency: None,
            outcome: None,
            outcome_summary: call.summary,
            call_type: call.call_direction.clone(),
            call_direction: call.call_direction,
            cost_cents: call.cost_cents.unwrap_or(0),
            ended_reason: call.ended_reason,
            tools_used: Vec::new(),
            has_appointment: false,
            appointment_id: None,
            appointment_scheduled_at: None,
            appointment_status: None,
            appointment_service_type: None,
        }
    }
}

impl Calls {
    /// The first page, given its rows.
    pub fn first(rows: impl IntoIterator<Item = CallFacts>, total: i64) -> Self {
        Self::of(rows, 1, PAGE_LIMIT, total)
    }

    /// A page of rows among `total`.
    pub fn of(rows: impl IntoIterator<Item = CallFacts>, page: i64, limit: i64, total: i64) -> Self {
        Self { calls: rows.into_iter().map(Call::of).collect(), pagination: Pagination::of(page, limit, total) }
    }
}
