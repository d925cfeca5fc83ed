//! The `Authorization` header, and the answers to requests without a valid token.

use std::sync::Arc;

use axum::{
    extract::{FromRef, FromRequestParts},
    http::{
        HeaderMap, StatusCode,
        header::{AUTHORIZATION, CACHE_CONTROL, CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE},
        request::Parts,
    },
    response::{IntoResponse, Response},
};

use super::{
    claims::{Claims, Denied},
    clock::wall_clock,
    verifier::Verifier,
};
use crate::refusal;

/// The client should retry after this time while there are no keys; they are requested every two seconds.
const RETRY_AFTER_SECONDS: &str = "2";

/// An unverified token from the header.
#[derive(Clone, Copy)]
pub struct Bearer<'a>(pub &'a str);

impl<'a> Bearer<'a> {
    /// Reads the one `Authorization` header. `undefined` and `null`, which a dashboard sends before its session has
    /// loaded, count as no token.
    ///
    /// # Errors
    /// The header is missing, repeated, of another scheme, or has no token.
    pub fn from_headers(headers: &'a HeaderMap) -> Result<Self, TokenRefused> {
        let mut values = headers.get_all(AUTHORIZATION).iter();
        let (Some(value), None) = (values.next(), values.next()) else {
            return Err(TokenRefused::Missing);
        };
        let (scheme, token) = value.as_bytes().split_at_checked("Bearer ".len()).ok_or(TokenRefused::Missing)?;
        if !scheme.eq_ignore_ascii_case(b"Bearer ") {
            return Err(TokenRefused::Missing);
        }
        match std::str::from_utf8(token).map(|token| token.trim_matches(' ')) {
            Ok("" | "undefined" | "null") => Err(TokenRefused::Missing),
            Ok(token) => Ok(Self(token)),
            Err(_) => Err(TokenRefused::Denied(Denied::Malformed)),
        }
    }
}

/// Why a request is refused. The client gets one of four fixed texts, whatever is wrong with its token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TokenRefused {
    /// There is no token.
    Missing,
    /// The token is not accepted.
    Denied(Denied),
}

impl TokenRefused {
    /// The status and name of each reason, for counters that start at zero.
    pub(crate) fn reasons() -> impl Iterator<Item = (StatusCode, &'static str)> {
        let all = Denied::ALL.map(Self::Denied).into_iter().chain([Self::Missing]);
        all.map(|refused| (refused.status(), refused.name()))
    }

    /// The name in metrics and logs.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Missing => "token_missing",
            Self::Denied(denied) => denied.name(),
        }
    }

    /// The status. A 401 makes the page sign in again, which helps neither against a token that is too long nor while
    /// there is no key to verify it with.
    pub(crate) const fn status(self) -> StatusCode {
        match self {
            Self::Denied(Denied::TooLong) => StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE,
            Self::Denied(Denied::NoKeys) => StatusCode::SERVICE_UNAVAILABLE,
            Self::Missing | Self::Denied(_) => StatusCode::UNAUTHORIZED,
        }
    }

    const fn body(self) -> &'static str {
        match self {
            Self::Missing => r#"{"error":"Missing or invalid Authorization header"}"#,
            Self::Denied(Denied::TooLong) => r#"{"error":"The access token is too long"}"#,
            Self::Denied(Denied::NoKeys) => r#"{"error":"Temporarily unavailable"}"#,
            Self::Denied(_) => r#"{"error":"Invalid or expired token"}"#,
        }
    }
}

impl IntoResponse for TokenRefused {
    fn into_response(self) -> Response {
        let headers = [(CONTENT_TYPE, "application/json; charset=utf-8"), (CACHE_CONTROL, "no-store")];
        let answer = (self.status(), headers, self.body());
        let response = match self {
            Self::Missing => ([(WWW_AUTHENTICATE, "Bearer")], answer).into_response(),
            Self::Denied(Denied::TooLong) => answer.into_response(),
            Self::Denied(Denied::NoKeys) => ([(RETRY_AFTER, RETRY_AFTER_SECONDS)], answer).into_response(),
            Self::Denied(_) => ([(WWW_AUTHENTICATE, r#"Bearer error="invalid_token""#)], answer).into_response(),
        };
        refusal::because(self.name(), response)
    }
}

/// An extractor of the claims. A handler with this argument runs only for requests with a valid token.
#[derive(Clone, Copy, Debug)]
pub struct Authenticated(pub Claims);

impl<S> FromRequestParts<S> for Authenticated
where
    S: Send + Sync,
    Arc<Verifier>: FromRef<S>,
{
    type Rejection = TokenRefused;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, TokenRefused> {
        let Bearer(token) = Bearer::from_headers(&parts.headers)?;
        let verifier = Arc::<Verifier>::from_ref(state);
        verifier.verify(token, wall_clock()).await.map(Self).map_err(TokenRefused::Denied)
    }
}
