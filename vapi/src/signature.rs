//! Is a webhook Vapi's? Checked on the bytes of headers and body, before anything reads them.

use std::fmt;

use sha2::{Digest, Sha256};
use subtle::{Choice, ConstantTimeEq};

/// The header of an assistant's inline `server.secret`.
const SECRET_HEADER: &str = "x-vapi-secret";
/// The header of a bearer credential.
const BEARER_HEADER: &str = "authorization";
const BEARER_SCHEME: &[u8] = b"bearer ";

/// There is no secret in a list of secrets.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no webhook secret is given")]
pub struct NoSecrets;

/// Why a webhook is not taken for Vapi's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// It presents nothing.
    #[error("no secret is presented")]
    Missing,
    /// It presents one header twice, of which another layer may read the other.
    #[error("a secret's header is repeated")]
    Repeated,
    /// It presents something that is no secret of ours.
    #[error("the secret presented is not ours")]
    Wrong,
}

/// The secrets that Vapi may present; several while one is being replaced by the next.
///
/// Kept as digests: all of one length, so that comparing them tells nothing about a secret's length.
#[derive(Clone)]
pub struct Secrets(Vec<[u8; 32]>);

impl Secrets {
    /// Reads a comma-separated list. White space around a secret is not part of it.
    pub fn parse(list: &str) -> Result<Self, NoSecrets> {
        let digests: Vec<_> = list.split(',').map(str::trim).filter(|secret| !secret.is_empty()).map(digest).collect();
        if digests.is_empty() { Err(NoSecrets) } else { Ok(Self(digests)) }
    }

    /// Checks that a webhook with these headers and this body is Vapi's: that it presents one of the secrets as
    /// `X-Vapi-Secret: <secret>` or as `Authorization: Bearer <secret>`.
    ///
    /// `headers` are all of the request's, in any case and order, repeated ones included. The body counts only in
    /// schemes that sign it, of which there is none yet; so nothing here keeps a request from being replayed.
    pub fn authenticate<'a>(
        &self,
        headers: impl IntoIterator<Item = (&'a str, &'a [u8])>,
        _body: &[u8],
    ) -> Result<(), Refused> {
        let presented = presented_secrets(headers)?;
        if presented.is_empty() {
            return Err(Refused::Missing);
        }
        let ours = presented.into_iter().fold(Choice::from(0), |ours, secret| ours | self.contains(secret));
        if bool::from(ours) { Ok(()) } else { Err(Refused::Wrong) }
    }

    /// Compares with every secret, whichever matches, so that the time taken tells nothing.
    fn contains(&self, presented: &[u8]) -> Choice {
        let presented = digest(presented);
        self.0.iter().fold(Choice::from(0), |found, secret| found | secret.ct_eq(&presented))
    }
}

impl fmt::Debug for Secrets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Secrets({} hidden)", self.0.len())
    }
}

fn digest(secret: impl AsRef<[u8]>) -> [u8; 32] {
    Sha256::digest(secret).into()
}

/// What the two headers carry, without what is empty.
fn presented_secrets<'a>(headers: impl IntoIterator<Item = (&'a str, &'a [u8])>) -> Result<Vec<&'a [u8]>, Refused> {
    let (mut plain, mut bearer) = (None, None);
    for (name, value) in headers {
        let slot = if name.eq_ignore_ascii_case(SECRET_HEADER) {
            &mut plain
        } else if name.eq_ignore_ascii_case(BEARER_HEADER) {
            &mut bearer
        } else {
            continue;
        };
        if slot.replace(value).is_some() {
            return Err(Refused::Repeated);
        }
    }
    let presented = [plain, bearer.and_then(bearer_token)];
    Ok(presented.into_iter().flatten().map(<[u8]>::trim_ascii).filter(|secret| !secret.is_empty()).collect())
}

fn bearer_token(value: &[u8]) -> Option<&[u8]> {
    let (scheme, token) = value.split_at_checked(BEARER_SCHEME.len())?;
    scheme.eq_ignore_ascii_case(BEARER_SCHEME).then_some(token)
}

#[cfg(test)]
mod tests {
    use super::*;

    const OLD: &str = "old-horse";
    const NEW: &str = "new-battery-staple";

    fn check(headers: &[(&str, &str)]) -> Result<(), Refused> {
        let secrets = Secrets::parse(&format!(" {OLD}, ,{NEW},")).unwrap();
        secrets.authenticate(headers.iter().map(|(name, value)| (*name, value.as_bytes())), b"{}")
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
    fn nothing_presented_is_refused() {
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
            assert_eq!(check(headers), Err(Refused::Missing), "{headers:?}");
        }
    }

    #[test]
    fn another_secret_is_refused() {
        for wrong in
            ["x", "old-hors", "old-horsf", "old-horse!", "Old-horse", "old-horse,new-battery-staple", "old-horsé"]
        {
            assert_eq!(check(&[("X-Vapi-Secret", wrong)]), Err(Refused::Wrong), "{wrong}");
            assert_eq!(check(&[("Authorization", &format!("Bearer {wrong}"))]), Err(Refused::Wrong), "{wrong}");
        }
    }

    #[test]
    fn a_repeated_header_is_refused_even_when_both_are_right() {
        assert_eq!(check(&[("X-Vapi-Secret", NEW), ("x-vapi-secret", NEW)]), Err(Refused::Repeated));
        assert_eq!(
            check(&[("Authorization", "Bearer x"), ("X-Vapi-Secret", NEW), ("authorization", "Basic x")]),
            Err(Refused::Repeated)
        );
    }

    #[test]
    fn a_list_without_a_secret_is_an_error() {
        for list in ["", " ", ",", " , ,"] {
            assert_eq!(Secrets::parse(list).unwrap_err(), NoSecrets, "{list:?}");
        }
    }

    #[test]
    fn debug_shows_no_secret() {
        assert_eq!(format!("{:?}", Secrets::parse(&format!("{OLD},{NEW}")).unwrap()), "Secrets(2 hidden)");
    }
}
