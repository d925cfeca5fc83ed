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
    /// Not three parts of base64 and JSON, longer than 8 kB, of an algorithm that is never accepted, or with a critical
    /// header, which asks for something that is not done here.
    #[error("the token is malformed")]
    Malformed,
    /// Signed with a key that is not, or no longer, trusted.
    #[error("the token's key is unknown")]
    UnknownKey,
    /// Not signed by the key it names.
    #[error("the token's signature is wrong")]
    BadSignature,
    /// A claim is missing, given twice, or not what it has to be.
    #[error("the token's claims are wrong")]
    BadClaims,
    /// Past its `exp`.
    #[error("the token has expired")]
    Expired,
    /// Before its `nbf` or `iat`.
    #[error("the token is not valid yet")]
    NotYetValid,
}

impl Claims {
    /// Reads the claims of a payload whose signature is right.
    pub(super) fn read(payload: &[u8], issuer: Option<&str>, now: UnixSeconds) -> Result<Self, Denied> {
        let payload: Payload = serde_json::from_slice(payload).map_err(|_| Denied::BadClaims)?;
        let issued_here = issuer.is_none() || payload.iss.as_deref() == issuer;
        if !issued_here || payload.sub.is_empty() || payload.role != AUTHENTICATED || !payload.aud.names(AUTHENTICATED)
        {
            return Err(Denied::BadClaims);
        }
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
    app_metadata: AppMetadata,
}

impl Payload {
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
