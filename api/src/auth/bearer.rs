//! The door: the `Authorization` header, and the 401 for who has none that counts.

use std::sync::Arc;

use axum::{
    extract::{FromRef, FromRequestParts},
    http::{
        HeaderMap, StatusCode,
        header::{AUTHORIZATION, CACHE_CONTROL, CONTENT_TYPE, WWW_AUTHENTICATE},
        request::Parts,
    },
    response::{IntoResponse, Response},
};

use super::{
    claims::{Claims, Denied},
    clock::wall_clock,
    verifier::Verifier,
};

/// A token as the header gives it, not verified.
#[derive(Clone, Copy)]
pub struct Bearer<'a>(pub &'a str);

impl<'a> Bearer<'a> {
    /// Reads the one `Authorization` header. `undefined` and `null` are what a dashboard sends before its session is loaded:
    /// they count as no token.
    ///
    /// # Errors
    /// There is no such header, more than one, one of another scheme, or one without a token.
    pub fn from_headers(headers: &'a HeaderMap) -> Result<Self, Unauthorized> {
        let mut values = headers.get_all(AUTHORIZATION).iter();
        let (Some(value), None) = (values.next(), values.next()) else {
            return Err(Unauthorized::Missing);
        };
        let (scheme, token) = value.as_bytes().split_at_checked("Bearer ".len()).ok_or(Unauthorized::Missing)?;
        if !scheme.eq_ignore_ascii_case(b"Bearer ") {
            return Err(Unauthorized::Missing);
        }
        match std::str::from_utf8(token).map(|token| token.trim_matches(' ')) {
            Ok("" | "undefined" | "null") => Err(Unauthorized::Missing),
            Ok(token) => Ok(Self(token)),
            Err(_) => Err(Unauthorized::Invalid(Denied::Malformed)),
        }
    }
}

/// Nobody is let in without a token that holds. The answer is a 401 with one of two fixed bodies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unauthorized {
    /// There was no token.
    Missing,
    /// There was one, and it was refused.
    Invalid(Denied),
}

impl IntoResponse for Unauthorized {
    fn into_response(self) -> Response {
        let (challenge, body) = match self {
            Self::Missing => ("Bearer", r#"{"error":"Missing or invalid Authorization header"}"#),
            Self::Invalid(_) => (r#"Bearer error="invalid_token""#, r#"{"error":"Invalid or expired token"}"#),
        };
        let headers = [
            (CONTENT_TYPE, "application/json; charset=utf-8"),
            (CACHE_CONTROL, "no-store"),
            (WWW_AUTHENTICATE, challenge),
        ];
        (StatusCode::UNAUTHORIZED, headers, body).into_response()
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
    type Rejection = Unauthorized;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Unauthorized> {
        let Bearer(token) = Bearer::from_headers(&parts.headers)?;
        let verifier = Arc::<Verifier>::from_ref(state);
        verifier.verify(token, wall_clock()).await.map(Self).map_err(Unauthorized::Invalid)
    }
}
