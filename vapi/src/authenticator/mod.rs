//! Authentication of webhooks. It checks the raw bytes of headers and body before anything parses them.

mod headers;
mod secrets;
mod setting;
mod signature;

use readmodel::time::Timestamp;

pub use headers::WebhookRefused;
pub use setting::{SettingError, flag, webhook_secrets};

use headers::Headers;
use secrets::Secrets;
use signature::{Signatures, Signed};

/// Why webhooks cannot be authenticated.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AuthError {
    /// No secret is set.
    #[error("VAPI_WEBHOOK_SECRET is not set; without it, forged webhooks could not be recognised")]
    NoSecrets,
    /// A setting is invalid.
    #[error(transparent)]
    Setting(#[from] SettingError),
}

/// Tells Vapi's webhooks from forged ones.
///
/// One list of secrets serves every scheme. Without `VAPI_WEBHOOK_HMAC` a webhook presents a secret itself, in
/// `X-Vapi-Secret` or as a bearer token. With it a webhook is signed with a secret, and one that only presents it is
/// refused, unless `VAPI_WEBHOOK_HMAC_ONLY=false` accepts both while assistants are moved to signatures.
#[derive(Clone, Debug)]
pub struct Authenticator(Accepts);

#[derive(Clone, Debug)]
enum Accepts {
    Plain(Secrets),
    Signed(Signatures),
    Either(Secrets, Signatures),
}

/// The result of checking the headers. [`Claim::check`] must see the body as well.
#[must_use]
pub struct Claim<'a>(Option<Signed<'a>>);

impl Authenticator {
    /// Reads `VAPI_WEBHOOK_SECRET`, and `VAPI_WEBHOOK_HMAC` with its options.
    pub fn from_env(lookup: impl Fn(&str) -> Option<String>) -> Result<Self, AuthError> {
        let list = lookup("VAPI_WEBHOOK_SECRET").unwrap_or_default();
        let secrets = || webhook_secrets(&list);
        if secrets().next().is_none() {
            return Err(AuthError::NoSecrets);
        }
        let only_signed = flag(&lookup, "VAPI_WEBHOOK_HMAC_ONLY", true)?;
        Ok(Self(match Signatures::from_env(secrets(), &lookup)? {
            None => Accepts::Plain(Secrets::new(secrets())),
            Some(signatures) if only_signed => Accepts::Signed(signatures),
            Some(signatures) => Accepts::Either(Secrets::new(secrets()), signatures),
        }))
    }

    /// Checks the request's headers: all of them, in any case and order, including repeated ones. A signature is always
    /// checked if there is one, whatever else is presented.
    ///
    /// A presented secret does not prevent replays; a signature covers the time of sending.
    pub fn admit<'a>(&'a self, headers: &[(&str, &'a [u8])], now: Timestamp) -> Result<Claim<'a>, WebhookRefused> {
        let headers = Headers(headers);
        match &self.0 {
            Accepts::Signed(signatures) => Ok(Claim(Some(signatures.claim(headers, now)?))),
            Accepts::Either(_, signatures) if signatures.is_presented(headers)? => {
                Ok(Claim(Some(signatures.claim(headers, now)?)))
            }
            Accepts::Plain(secrets) | Accepts::Either(secrets, _) => secrets.check(headers).map(|()| Claim(None)),
        }
    }
}

impl Claim<'_> {
    /// Whether the headers alone prove the sender, so that the body needs no check.
    pub fn is_proven(&self) -> bool {
        self.0.is_none()
    }

    /// Checks the body against the headers' signature.
    pub fn check(self, body: &[u8]) -> Result<(), WebhookRefused> {
        self.0.map_or(Ok(()), |signed| signed.check(body))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const OLD: &str = "old-horse";
    const NEW: &str = "new-battery-staple";

    fn check(headers: &[(&str, &str)]) -> Result<(), WebhookRefused> {
        let list = format!(" {OLD}, ,{NEW},");
        let authenticator =
            Authenticator::from_env(|name| (name == "VAPI_WEBHOOK_SECRET").then(|| list.clone())).unwrap();
        let headers: Vec<_> = headers.iter().map(|(name, value)| (*name, value.as_bytes())).collect();
        authenticator.admit(&headers, Timestamp::from_micros(0))?.check(b"{}")
    }

    #[test]
    fn either_header_may_carry_any_of_the_secrets() {
        for secret in [OLD, NEW] {
            assert_eq!(check(&[("X-Vapi-Secret", secret)]), Ok(()));
            assert_eq!(check(&[("x-vapi-secret", secret)]), Ok(()));
            assert_eq!(check(&[("Authorization", &format!("Bearer {secret}"))]), Ok(()));
            assert_eq!(check(&[("authorization", &format!("bearer {secret}"))]), Ok(()));
        }
        assert_eq!(check(&[("X-Vapi-Secret", NEW), ("Authorization", "Bearer of another layer")]), Ok(()));
        assert_eq!(check(&[("X-Vapi-Secret", "x"), ("Authorization", &format!("Bearer {NEW}"))]), Ok(()));
    }

    #[test]
    fn a_missing_secret_is_refused() {
        for headers in [
            &[][..],
            &[("content-type", NEW)],
            &[("X-Vapi-Secret", "")],
            &[("X-Vapi-Secret", "  ")],
            &[("Authorization", "Bearer ")],
            &[("Authorization", "Bearer")],
            &[("Authorization", NEW)],
            &[("Authorization", "Basic eDp5")],
        ] {
            assert_eq!(check(headers), Err(WebhookRefused::Missing), "{headers:?}");
        }
    }

    #[test]
    fn a_wrong_secret_is_refused() {
        for wrong in
            ["x", "old-hors", "old-horsf", "old-horse!", "Old-horse", "old-horse,new-battery-staple", "old-horsé"]
        {
            assert_eq!(check(&[("X-Vapi-Secret", wrong)]), Err(WebhookRefused::Wrong), "{wrong}");
            assert_eq!(check(&[("Authorization", &format!("Bearer {wrong}"))]), Err(WebhookRefused::Wrong), "{wrong}");
        }
    }

    #[test]
    fn a_repeated_header_is_refused_even_when_both_are_right() {
        assert_eq!(check(&[("X-Vapi-Secret", NEW), ("x-vapi-secret", NEW)]), Err(WebhookRefused::Repeated));
        assert_eq!(
            check(&[("Authorization", "Bearer x"), ("X-Vapi-Secret", NEW), ("authorization", "Basic x")]),
            Err(WebhookRefused::Repeated)
        );
    }

    #[test]
    fn a_list_without_a_secret_is_an_error() {
        for list in ["", " ", ",", " , ,"] {
            let refused = Authenticator::from_env(|name| (name == "VAPI_WEBHOOK_SECRET").then(|| list.to_owned()));
            assert_eq!(refused.unwrap_err(), AuthError::NoSecrets, "{list:?}");
        }
    }
}
