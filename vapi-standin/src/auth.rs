//! Authentication: the edge's check of the user agent, and the keys.

use axum::{
    http::{
        HeaderMap, StatusCode,
        header::{AUTHORIZATION, USER_AGENT},
    },
    response::{IntoResponse, Response},
};

use crate::{config::Config, operation::Operation, refusal::Refusal};

/// The answer to a request that fails authentication.
pub(crate) fn turned_away(config: &Config, operation: Option<Operation>, headers: &HeaderMap) -> Option<Response> {
    if headers.get(USER_AGENT).is_none_or(|agent| agent.is_empty()) {
        // Cloudflare's answer, which comes before Vapi.
        return Some((StatusCode::FORBIDDEN, "error code: 1010").into_response());
    }
    let Some(presented) = headers.get(AUTHORIZATION) else {
        return Some(Refusal::new(StatusCode::UNAUTHORIZED, "Missing Authorization Header.").into_response());
    };
    // Each key has one scope: the private key is wrong for a web call, and the public key for anything else.
    let key = if operation == Some(Operation::CreateWebCall) { &config.public_key } else { &config.private_key };
    let known = presented.as_bytes().strip_prefix(b"Bearer ") == Some(key.as_bytes());
    (!known).then(|| Refusal::new(StatusCode::UNAUTHORIZED, INVALID_KEY).into_response())
}

const INVALID_KEY: &str =
    "Invalid Key. Hot tip, you may be using the private key instead of the public key, or vice versa.";
