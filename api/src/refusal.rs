//! Counting of refusals: every answer with status 400 or above is counted by reason, and one a second of each reason is
//! logged. The edge sees all answers, whichever route, extractor or layer made them.

use std::{
    collections::BTreeMap,
    sync::{Mutex, PoisonError},
};

use axum::{http::StatusCode, response::Response};
use metrics::counter;
use monitoring::{names::REFUSALS_TOTAL, sampler::Sampler};

/// The reason of a refusal that its status does not tell. It travels with the answer to the edge.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Reason(&'static str);

/// The default reason of each status.
const BY_STATUS: [(StatusCode, &str); 14] = [
    (StatusCode::BAD_REQUEST, "malformed"),
    (StatusCode::UNAUTHORIZED, "unauthorized"),
    (StatusCode::FORBIDDEN, "forbidden"),
    (StatusCode::NOT_FOUND, "not_found"),
    (StatusCode::METHOD_NOT_ALLOWED, "method"),
    (StatusCode::NOT_ACCEPTABLE, "coding"),
    (StatusCode::REQUEST_TIMEOUT, "too_slow"),
    (StatusCode::PAYLOAD_TOO_LARGE, "too_large"),
    (StatusCode::UNSUPPORTED_MEDIA_TYPE, "media_type"),
    (StatusCode::UNPROCESSABLE_ENTITY, "unfit"),
    (StatusCode::TOO_MANY_REQUESTS, "too_many"),
    (StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE, "head_too_large"),
    (StatusCode::INTERNAL_SERVER_ERROR, "internal"),
    (StatusCode::SERVICE_UNAVAILABLE, "unavailable"),
];
/// A webhook without our secret, or with a wrong signature.
pub(crate) const WEBHOOK_SECRET: &str = "webhook_secret";
/// The limit for bodies is reached.
pub(crate) const FULL: &str = "full";
const OTHER: &str = "other";

/// The reasons that routes set.
const BY_ROUTES: [(StatusCode, &str); 2] =
    [(StatusCode::UNAUTHORIZED, WEBHOOK_SECRET), (StatusCode::SERVICE_UNAVAILABLE, FULL)];

/// A sampler for each reason, so that a flood of one hides no other.
static SAMPLERS: Mutex<BTreeMap<&str, Sampler>> = Mutex::new(BTreeMap::new());

/// Sets the reason of a refusal.
pub(crate) fn because(reason: &'static str, mut response: Response) -> Response {
    response.extensions_mut().insert(Reason(reason));
    response
}

/// Counts a refusal and logs a sample.
pub(crate) fn note(response: &Response) {
    let status = response.status();
    let given = response.extensions().get().map(|Reason(reason)| *reason);
    note_as(status, given.unwrap_or_else(|| by_status(status)));
}

/// Counts a malformed request or one with too large a head: the connection answers it, and no route sees it.
pub(crate) fn note_unread(error: &hyper::Error) {
    if error.is_parse() {
        let too_large = error.is_parse_too_large();
        let status = if too_large { StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE } else { StatusCode::BAD_REQUEST };
        note_as(status, by_status(status));
    }
}

fn note_as(status: StatusCode, reason: &'static str) {
    count(status, reason, 1);
    let passed = SAMPLERS.lock().unwrap_or_else(PoisonError::into_inner).entry(reason).or_default().pass();
    if let Some(held_back) = passed {
        tracing::info!(status = status.as_u16(), reason, held_back, "request refused");
    }
}

fn by_status(status: StatusCode) -> &'static str {
    BY_STATUS.iter().find(|(known, _)| *known == status).map_or(OTHER, |(_, reason)| reason)
}

fn count(status: StatusCode, reason: &'static str, by: u64) {
    // The statuses are the few that routes answer with.
    counter!(REFUSALS_TOTAL, "status" => status.as_u16().to_string(), "reason" => reason).increment(by);
}

/// Creates every series at zero, including those of refused `tokens`.
pub(crate) fn zeros(tokens: impl Iterator<Item = (StatusCode, &'static str)>) {
    for (status, reason) in BY_STATUS.into_iter().chain(BY_ROUTES).chain(tokens) {
        count(status, reason, 0);
    }
}

#[cfg(test)]
mod tests {
    use axum::response::IntoResponse as _;

    use super::*;
    use crate::auth::{Denied, TokenRefused};

    #[test]
    fn a_response_keeps_the_reason_it_was_given() {
        let response = TokenRefused::Denied(Denied::WrongIssuer).into_response();
        assert_eq!(response.extensions().get(), Some(&Reason("token_wrong_issuer")));
        assert_eq!(by_status(StatusCode::PAYLOAD_TOO_LARGE), "too_large");
        assert_eq!(by_status(StatusCode::IM_A_TEAPOT), OTHER);
    }
}
