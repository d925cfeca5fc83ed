//! Errors as clients see them: a status and a fixed line of JSON. Internal causes are logged, not sent.

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

/// An error in JSON.
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes JSON that is written by hand")]
pub(crate) struct Problem {
    /// A line for people.
    error: String,
}

/// An error of the read and webhook routes: `{"error": "…"}`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ApiError {
    /// There is no copy, and none can be made.
    Unavailable,
    /// The client accepts no coding that we have.
    NotAcceptable,
    /// `Prewarm-Wait-For` or `Prewarm-Min-Version` is invalid.
    Position,
    /// The parameter `version` is invalid.
    Version,
    /// The version is not kept, or no longer.
    Gone,
    /// An internal fault.
    Internal,
    /// The route does not exist.
    NotFound,
    /// Webhooks are off: the source is only observed.
    Observing,
    /// Agents and test calls are off: the source is not ours.
    NoAgents,
    /// The org has no such agent.
    NoAgent,
    /// The org of a valid token does not exist.
    NoOrg,
    /// The test call does not exist.
    NoTestCall,
    /// The secret or signature of the webhook is missing or wrong.
    WebhookSecret,
    /// The body of the webhook is no message.
    WebhookBody,
    /// The body of the webhook is compressed.
    Encoded,
    /// Postgres will never accept this message.
    Unstorable,
    /// Postgres will never accept this agent.
    Unfit,
    /// The limit for bodies of this node is reached.
    Full,
    /// The limit of the organisation or the token is reached.
    TooMany,
    /// The body is too large.
    TooLarge,
    /// The body arrives too slowly.
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
            Self::Observing => (StatusCode::NOT_FOUND, "Webhooks are off: this installation only observes its source"),
            Self::NoAgents => {
                (StatusCode::NOT_FOUND, "Agents are off: this installation does not write its source's agents")
            }
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
        // During an outage every request fails in the same way.
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
            // The rest of the body is not read.
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
