//! The claims of a token, and the checks of them.

use readmodel::ids::OrgId;
use serde::{Deserialize, Deserializer, de::Error};
use uuid::fmt::Hyphenated;

use super::clock::UnixSeconds;

/// Tolerated skew between the issuer's clock and ours.
const LEEWAY_SECONDS: i64 = 30;

/// The end of the year 9999; a later date is invalid.
const LAST_DATE: f64 = 253_402_300_799.0;

/// The `aud` and `role` of a signed-in user. The project's `anon` and `service_role` keys are tokens of the same signer
/// with other values.
const AUTHENTICATED: &str = "authenticated";

/// The rights of a verified token: the data of one organisation, until its expiry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Claims {
    /// The organisation, from `app_metadata.org_id`.
    pub org: OrgId,
    /// When the token expires.
    pub expires_at: UnixSeconds,
}

/// Why a token is refused, for logs and metrics. The client is not told the reason.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Denied {
    /// It is not three parts of base64 and JSON, has an algorithm that is never accepted, or a critical header, which
    /// would demand something that is not implemented.
    #[error("the token is malformed")]
    Malformed,
    /// It is longer than the limit. The client is told this reason, since the user's next token would be as long.
    #[error("the token is too long")]
    TooLong,
    /// It is signed with a published key, but none has been fetched yet. This says nothing about the token.
    #[error("no token key has been fetched yet")]
    NoKeys,
    /// It is signed with a key that is not trusted, or no longer.
    #[error("the token's key is unknown")]
    UnknownKey,
    /// The key that it names did not sign it.
    #[error("the token's signature is wrong")]
    BadSignature,
    /// A claim is missing, repeated, or has a wrong value.
    #[error("the token's claims are wrong")]
    BadClaims,
    /// Its issuer is none of `PREWARM_JWT_ISSUER` or `SUPABASE_URL`.
    #[error("the token's issuer is not one of PREWARM_JWT_ISSUER")]
    WrongIssuer,
    /// It is an anonymous user's, and `PREWARM_ALLOW_ANONYMOUS` is not set.
    #[error("the token is an anonymous user's")]
    Anonymous,
    /// Its session has fewer factors than `PREWARM_REQUIRE_AAL` demands.
    #[error("the token's assurance level is below PREWARM_REQUIRE_AAL")]
    WeakSession,
    /// It is past its `exp`.
    #[error("the token has expired")]
    Expired,
    /// It is before its `nbf` or `iat`.
    #[error("the token is not valid yet")]
    NotYetValid,
}

impl Denied {
    /// All reasons.
    pub const ALL: [Self; 11] = [
        Self::Malformed,
        Self::TooLong,
        Self::NoKeys,
        Self::UnknownKey,
        Self::BadSignature,
        Self::BadClaims,
        Self::WrongIssuer,
        Self::Anonymous,
        Self::WeakSession,
        Self::Expired,
        Self::NotYetValid,
    ];

    /// The name in metrics and logs.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Malformed => "token_malformed",
            Self::TooLong => "token_too_long",
            Self::NoKeys => "token_no_keys",
            Self::UnknownKey => "token_unknown_key",
            Self::BadSignature => "token_bad_signature",
            Self::BadClaims => "token_bad_claims",
            Self::WrongIssuer => "token_wrong_issuer",
            Self::Anonymous => "token_anonymous",
            Self::WeakSession => "token_weak_session",
            Self::Expired => "token_expired",
            Self::NotYetValid => "token_not_yet_valid",
        }
    }
}

/// The configured checks of claims.
#[derive(Clone, Debug, Default)]
pub(super) struct Policy {
    /// The accepted values of `iss`. If empty, `iss` is not checked.
    pub(super) issuers: Vec<String>,
    /// Whether anonymous users are accepted.
    pub(super) allow_anonymous: bool,
    /// The least accepted value of `aal`. If `None`, `aal` is not checked.
    pub(super) require_aal: Option<Aal>,
}

/// Supabase's `aal`, the assurance level of a session, in ascending order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Aal {
    Aal1,
    Aal2,
    Aal3,
}

impl Aal {
    /// Parses the value of the claim or of the setting.
    pub(super) fn parse(text: &str) -> Option<Self> {
        match text {
            "aal1" => Some(Self::Aal1),
            "aal2" => Some(Self::Aal2),
            "aal3" => Some(Self::Aal3),
            _ => None,
        }
    }

    /// The value of the claim.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Aal1 => "aal1",
            Self::Aal2 => "aal2",
            Self::Aal3 => "aal3",
        }
    }
}

impl Claims {
    /// Checks the claims of a payload with a valid signature.
    pub(super) fn read(payload: &[u8], policy: &Policy, now: UnixSeconds) -> Result<Self, Denied> {
        let payload: Payload = serde_json::from_slice(payload).map_err(|_| Denied::BadClaims)?;
        if payload.sub.is_empty() || payload.role != AUTHENTICATED || !payload.aud.names(AUTHENTICATED) {
            return Err(Denied::BadClaims);
        }
        payload.check_policy(policy)?;
        payload.check_dates(now)?;
        Ok(Self { org: payload.app_metadata.org_id.0, expires_at: payload.exp.0 })
    }
}

/// The claims that are read. A repeated claim, however it is escaped, is an error, so that no two parsers of a token
/// can see different organisations.
#[derive(Deserialize)]
struct Payload {
    exp: NumericDate,
    nbf: Option<NumericDate>,
    iat: Option<NumericDate>,
    sub: String,
    aud: Audience,
    role: String,
    iss: Option<String>,
    is_anonymous: Option<bool>,
    aal: Option<String>,
    app_metadata: AppMetadata,
}

impl Payload {
    fn check_policy(&self, policy: &Policy) -> Result<(), Denied> {
        let is_issuer = |issuer: &String| self.iss.as_ref() == Some(issuer);
        if !policy.issuers.is_empty() && !policy.issuers.iter().any(is_issuer) {
            return Err(Denied::WrongIssuer);
        }
        if self.is_anonymous == Some(true) && !policy.allow_anonymous {
            return Err(Denied::Anonymous);
        }
        match policy.require_aal {
            Some(least) if self.aal.as_deref().and_then(Aal::parse) < Some(least) => Err(Denied::WeakSession),
            _ => Ok(()),
        }
    }

    fn check_dates(&self, now: UnixSeconds) -> Result<(), Denied> {
        if now >= self.exp.0.plus(LEEWAY_SECONDS) {
            return Err(Denied::Expired);
        }
        let earliest = now.plus(LEEWAY_SECONDS);
        if [&self.nbf, &self.iat].into_iter().flatten().any(|date| date.0 > earliest) {
            return Err(Denied::NotYetValid);
        }
        Ok(())
    }
}

#[derive(Deserialize)]
struct AppMetadata {
    org_id: HyphenatedOrgId,
}

/// A UUID in Postgres' form, in either case. Other forms are refused.
struct HyphenatedOrgId(OrgId);

impl<'de> Deserialize<'de> for HyphenatedOrgId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let uuid: Hyphenated = text.parse().map_err(D::Error::custom)?;
        Ok(Self(OrgId(uuid.into_uuid())))
    }
}

/// One audience or several.
#[derive(Deserialize)]
#[serde(untagged)]
enum Audience {
    One(String),
    Several(Vec<String>),
}

impl Audience {
    fn names(&self, audience: &str) -> bool {
        match self {
            Self::One(one) => one == audience,
            Self::Several(several) => several.iter().any(|one| one == audience),
        }
    }
}

/// A date of RFC 7519: a number of seconds; its fraction is dropped.
struct NumericDate(UnixSeconds);

impl<'de> Deserialize<'de> for NumericDate {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let seconds = f64::deserialize(deserializer)?;
        if !(-LAST_DATE..=LAST_DATE).contains(&seconds) {
            return Err(D::Error::custom("not a date"));
        }
        #[expect(clippy::cast_possible_truncation, reason = "within the range just checked")]
        Ok(Self(UnixSeconds(seconds.floor() as i64)))
    }
}
