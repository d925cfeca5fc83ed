//! The answer of an endpoint.

use axum::http::StatusCode;
use serde_json::Value;

use crate::refusal::Refusal;

/// A status with a body, or a refusal.
pub(crate) type Answer = Result<(StatusCode, Value), Refusal>;
