//! What a webhook's headers present, and why that is refused.

/// Why a webhook is not taken for Vapi's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// It presents nothing.
    #[error("no secret and no signature is presented")]
    Missing,
    /// It presents one header twice, of which another layer may read the other.
    #[error("a secret's header is repeated")]
    Repeated,
    /// It presents something that is no secret and no signature of ours.
    #[error("what is presented is not ours")]
    Wrong,
    /// It was signed too long ago, or by a clock that is far ahead.
    #[error("the signature's time is too far from now")]
    Stale,
}

/// A request's headers.
#[derive(Clone, Copy)]
pub(super) struct Headers<'h, 'a>(pub(super) &'h [(&'h str, &'a [u8])]);

impl<'a> Headers<'_, 'a> {
    /// The value of a header that must not be repeated.
    pub(super) fn only(self, name: &str) -> Result<Option<&'a [u8]>, Refused> {
        let mut values = self.0.iter().filter(|(header, _)| header.eq_ignore_ascii_case(name)).map(|(_, value)| *value);
        let value = values.next();
        if values.next().is_some() { Err(Refused::Repeated) } else { Ok(value) }
    }
}
