//! The leads model: the contacts of an org to follow up, the most urgent first.

use serde::Serialize;

use crate::{
    ids::{ContactId, OrgId},
    number::Number,
    time::Timestamp,
};

/// Changes of the shape below. Each makes a new [`crate::model::Format`].
pub(crate) const CHANGES: i32 = 0;

/// Rows shown.
pub const LIMIT: i64 = 50;

/// `{"leads": […]}`, at most [`LIMIT`] rows in the order of `lead_rank` in `view_actionable_leads`.
#[derive(Debug, Default, Serialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct Leads {
    /// The rows.
    pub leads: Vec<Lead>,
}

/// One row, in the order of its keys.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[expect(missing_docs, reason = "the source's own columns, which pass through")]
pub struct Lead {
    pub id: ContactId,
    pub org_id: OrgId,
    pub contact_name: Option<String>,
    pub phone_number: Option<String>,
    pub email: Option<String>,
    pub lead_score: Option<i32>,
    pub lead_status: String,
    pub service_interests: Option<Vec<Option<String>>>,
    pub last_contact_at: Option<Timestamp>,
    pub created_at: Option<Timestamp>,
    /// Calls of the org that name the contact or come from its phone, each once; test calls too.
    pub total_calls: i64,
    /// When the newest of them was created.
    pub last_call_at: Option<Timestamp>,
    /// Seconds; over the calls that have a duration.
    pub avg_call_duration: Option<Number>,
    /// −1 to 1: the mean of positive (1), negative (−1) and other (0) calls.
    pub sentiment_trend: Number,
    /// hot from a score of 80 on, warm from 50, else cold.
    pub lead_temperature: String,
    /// The same under the name that existing widgets read.
    pub lead_temp: String,
    /// high within 24 hours of the last contact, medium within 7 days, else low.
    pub follow_up_urgency: String,
    /// Of the newest call.
    pub last_call_summary: Option<String>,
}
