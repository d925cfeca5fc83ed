//! How an endpoint answers.

use axum::http::StatusCode;
use serde_json::Value;

use crate::refusal::Refusal;

/// The status and the body, or why there is none.
pub(crate) type Answer = Result<(StatusCode, Value), Refusal>;
