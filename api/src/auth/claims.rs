//! What a token says, and which of it counts.

use readmodel::ids::OrgId;
use serde::{Deserialize, Deserializer, de::Error};
use uuid::fmt::Hyphenated;

use super::clock::UnixSeconds;

/// How far the issuer's clock and ours may differ.
const LEEWAY_SECONDS: i64 = 30;

/// The end of the year 9999: a later date is no date.
const LAST_DATE: f64 = 253_402_300_799.0;

/// What Supabase writes into `aud` and `role` of a signed-in user. The project's `anon` and `service_role` keys are tokens
/// of the same signer, and say something else.
const AUTHENTICATED: &str = "authenticated";

/// What a verified token entitles to: one organisation's data, for a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Claims {
    /// The organisation, from `app_metadata.org_id`.
    pub org: OrgId,
    /// When the token expires.
    pub expires_at: UnixSeconds,
}

/// Why a token was refused. For logs and metrics: the client is told the same whatever it was.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Denied {
    /// Not three parts of base64 and JSON, of an algorithm that is never accepted, or with a critical header, which asks for
    /// something that is not done here.
    #[error("the token is malformed")]
    Malformed,
    /// Longer than a token may be. No other token of the user's would be shorter, so the client is told this one reason.
    #[error("the token is too long")]
    TooLong,
    /// Signed with a published key, while none has been fetched yet: says nothing about the token.
    #[error("no token key has been fetched yet")]
    NoKeys,
    /// Signed with a key that is not, or no longer, trusted.
    #[error("the token's key is unknown")]
    UnknownKey,
    /// Not signed by the key it names.
    #[error("the token's signature is wrong")]
    BadSignature,
    /// A claim is missing, given twice, or not what it has to be.
    #[error("the token's claims are wrong")]
    BadClaims,
    /// Issued by somebody else than `PREWARM_JWT_ISSUER` or `SUPABASE_URL` names.
    #[error("the token's issuer is not one of PREWARM_JWT_ISSUER")]
    WrongIssuer,
    /// Of a user who has not signed up, while `PREWARM_ALLOW_ANONYMOUS` is not set.
    #[error("the token is an anonymous user's")]
    Anonymous,
    /// Of a session with fewer factors than `PREWARM_REQUIRE_AAL` asks for.
    #[error("the token's assurance level is below PREWARM_REQUIRE_AAL")]
    WeakSession,
    /// Past its `exp`.
    #[error("the token has expired")]
    Expired,
    /// Before its `nbf` or `iat`.
    #[error("the token is not valid yet")]
    NotYetValid,
}

impl Denied {
    /// Every one.
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

/// The demands on a token beyond its signature and its dates.
#[derive(Clone, Debug, Default)]
pub(super) struct Policy {
    /// The values that `iss` may have. Empty: `iss` is not looked at.
    pub(super) issuers: Vec<String>,
    /// Whether users who have not signed up are let in.
    pub(super) allow_anonymous: bool,
    /// The least that `aal` has to say. Without it `aal` is not looked at.
    pub(super) require_aal: Option<Aal>,
}

/// How well a session's user is authenticated: Supabase's `aal`. The order is that of the factors.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Aal {
    Aal1,
    Aal2,
    Aal3,
}

impl Aal {
    /// Reads the value of the claim and of the setting alike.
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
    /// Reads the claims of a payload whose signature is right.
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

/// The claims that are read. Each at most once: a second one of the same name, however it is escaped, is an error, so
/// that no two readers of one token can see different organisations.
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

/// A uuid as Postgres prints it, in either case. The other forms that uuids are written in are refused.
struct HyphenatedOrgId(OrgId);

impl<'de> Deserialize<'de> for HyphenatedOrgId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let uuid: Hyphenated = text.parse().map_err(D::Error::custom)?;
        Ok(Self(OrgId(uuid.into_uuid())))
    }
}

/// One audience, or several.
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

/// A date of RFC 7519: a number of seconds, whose fraction is dropped.
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
