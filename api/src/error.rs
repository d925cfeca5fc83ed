//! Errors as clients see them: a status and one fixed line of JSON. What went wrong inside is logged, not sent.

use axum::{
    Json,
    http::{
        StatusCode,
        header::{CONNECTION, RETRY_AFTER},
    },
    response::{IntoResponse, Response},
};
use monitoring::sampler::Sampler;
use serde_json::json;
use utoipa::ToSchema;

use crate::{editions::Unavailable, refusal};

/// Why there is no such answer.
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes what is written by hand")]
pub(crate) struct Problem {
    /// One line for people.
    error: String,
}

/// An error of the read and webhook routes: `{"error": "…"}`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ApiError {
    /// Neither a copy nor the means to make one.
    Unavailable,
    /// A coding that we do not have is all that the client accepts.
    NotAcceptable,
    /// `Prewarm-Wait-For` or `Prewarm-Min-Version` is not what it should be.
    Position,
    /// `version` is no version.
    Version,
    /// The version is not kept, or not any longer.
    Gone,
    /// Something that should not happen.
    Internal,
    /// No such route.
    NotFound,
    /// The org has no such agent.
    NoAgent,
    /// The org of a token that holds is not there.
    NoOrg,
    /// No such test call.
    NoTestCall,
    /// The webhook's secret is missing or wrong.
    WebhookSecret,
    /// The webhook's body is no message.
    WebhookBody,
    /// The webhook's body is compressed.
    Encoded,
    /// The webhook's message is one that Postgres will not take, however often it is sent.
    Unstorable,
    /// The agent is one that Postgres will not take, however often it is saved.
    Unfit,
    /// Too much is being read already.
    Full,
    /// The organization, or the token, has too much open already.
    TooMany,
    /// The body is too large.
    TooLarge,
    /// The body takes too long.
    TooSlow,
}

impl ApiError {
    const fn parts(self) -> (StatusCode, &'static str) {
        match self {
            Self::Unavailable => (StatusCode::SERVICE_UNAVAILABLE, "Temporarily unavailable"),
            Self::NotAcceptable => (StatusCode::NOT_ACCEPTABLE, "No acceptable content coding"),
            Self::Position => (
                StatusCode::BAD_REQUEST,
                "Prewarm-Wait-For is a receipt (r<epoch>-<xid>), Prewarm-Min-Version a version (<epoch>-<n>)",
            ),
            Self::Version => (StatusCode::BAD_REQUEST, "version is <epoch>-<n>"),
            Self::Gone => (StatusCode::GONE, "That version is not kept any longer"),
            Self::Internal => (StatusCode::INTERNAL_SERVER_ERROR, "Internal server error"),
            Self::NotFound => (StatusCode::NOT_FOUND, "Not found"),
            Self::NoAgent => (StatusCode::NOT_FOUND, "Agent not configured"),
            Self::NoOrg => (StatusCode::NOT_FOUND, "Unknown organization"),
            Self::NoTestCall => (StatusCode::NOT_FOUND, "No such test call"),
            Self::WebhookSecret => (StatusCode::UNAUTHORIZED, "Missing or wrong webhook secret"),
            Self::WebhookBody => (StatusCode::BAD_REQUEST, "The body is not a Vapi message"),
            Self::Encoded => (StatusCode::UNSUPPORTED_MEDIA_TYPE, "The body has a content coding"),
            Self::Unstorable => (StatusCode::UNPROCESSABLE_ENTITY, "The message cannot be stored"),
            Self::Unfit => (StatusCode::BAD_REQUEST, "The agent cannot be stored"),
            Self::Full => (StatusCode::SERVICE_UNAVAILABLE, "Temporarily unavailable"),
            Self::TooMany => (
                StatusCode::TOO_MANY_REQUESTS,
                "Too many requests of this kind are open for this organization or token",
            ),
            Self::TooLarge => (StatusCode::PAYLOAD_TOO_LARGE, "The body is too large"),
            Self::TooSlow => (StatusCode::REQUEST_TIMEOUT, "The body takes too long"),
        }
    }
}

impl From<Unavailable> for ApiError {
    fn from(Unavailable: Unavailable) -> Self {
        Self::Unavailable
    }
}

impl From<store::Error> for ApiError {
    fn from(error: store::Error) -> Self {
        // During an outage every request fails alike.
        static FAILED: Sampler = Sampler::new();
        if let Some(held_back) = FAILED.pass() {
            tracing::error!(error = &error as &dyn std::error::Error, held_back, "a request's query failed");
        }
        Self::Unavailable
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let (status, text) = self.parts();
        let body = Json(json!({ "error": text }));
        let response = match self {
            Self::Unavailable => (status, [(RETRY_AFTER, "1")], body).into_response(),
            Self::TooMany => (status, [(RETRY_AFTER, "5"), (CONNECTION, "close")], body).into_response(),
            Self::Full => (status, [(RETRY_AFTER, "1"), (CONNECTION, "close")], body).into_response(),
            // The rest of the body is not waited for.
            Self::TooLarge | Self::TooSlow => (status, [(CONNECTION, "close")], body).into_response(),
            _ => (status, body).into_response(),
        };
        match self {
            Self::WebhookSecret => refusal::because(refusal::WEBHOOK_SECRET, response),
            Self::Full => refusal::because(refusal::FULL, response),
            _ => response,
        }
    }
}
