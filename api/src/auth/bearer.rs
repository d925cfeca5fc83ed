//! The door: the `Authorization` header, and the answer to a request without one that counts.

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

/// How soon the keys are asked for again while there are none.
const RETRY_AFTER_SECONDS: &str = "2";

/// A token as the header gives it, not verified.
#[derive(Clone, Copy)]
pub struct Bearer<'a>(pub &'a str);

impl<'a> Bearer<'a> {
    /// Reads the one `Authorization` header. `undefined` and `null` are what a dashboard sends before its session is loaded:
    /// they count as no token.
    ///
    /// # Errors
    /// There is no such header, more than one, one of another scheme, or one without a token.
    pub fn from_headers(headers: &'a HeaderMap) -> Result<Self, Refused> {
        let mut values = headers.get_all(AUTHORIZATION).iter();
        let (Some(value), None) = (values.next(), values.next()) else {
            return Err(Refused::Missing);
        };
        let (scheme, token) = value.as_bytes().split_at_checked("Bearer ".len()).ok_or(Refused::Missing)?;
        if !scheme.eq_ignore_ascii_case(b"Bearer ") {
            return Err(Refused::Missing);
        }
        match std::str::from_utf8(token).map(|token| token.trim_matches(' ')) {
            Ok("" | "undefined" | "null") => Err(Refused::Missing),
            Ok(token) => Ok(Self(token)),
            Err(_) => Err(Refused::Denied(Denied::Malformed)),
        }
    }
}

/// Why a request is not let in. The client is told one of four fixed lines, whatever is wrong with its token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refused {
    /// There was no token.
    Missing,
    /// There was one, and it does not count.
    Denied(Denied),
}

impl Refused {
    /// The status and the name of each, for counters that begin at zero.
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

    /// The status. A 401 has the page sign in again, which helps neither against a token that is too long nor while there is
    /// no key to judge it by.
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

impl IntoResponse for Refused {
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

/// An extractor: the claims of whoever asks. A handler with this argument runs for nobody else.
#[derive(Clone, Copy, Debug)]
pub struct Authenticated(pub Claims);

impl<S> FromRequestParts<S> for Authenticated
where
    S: Send + Sync,
    Arc<Verifier>: FromRef<S>,
{
    type Rejection = Refused;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Refused> {
        let Bearer(token) = Bearer::from_headers(&parts.headers)?;
        let verifier = Arc::<Verifier>::from_ref(state);
        verifier.verify(token, wall_clock()).await.map(Self).map_err(Refused::Denied)
    }
}
