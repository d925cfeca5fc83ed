//! The headers of a webhook, and the reasons for refusing it.

/// Why a webhook is not accepted as Vapi's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WebhookRefused {
    /// It has no secret and no signature.
    #[error("the webhook has no secret and no signature")]
    Missing,
    /// It has a header twice; another layer may read the other value.
    #[error("a header of the secret or signature is repeated")]
    Repeated,
    /// Its secret or signature is wrong.
    #[error("the secret or signature is wrong")]
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
    pub(super) fn only(self, name: &str) -> Result<Option<&'a [u8]>, WebhookRefused> {
        let mut values = self.0.iter().filter(|(header, _)| header.eq_ignore_ascii_case(name)).map(|(_, value)| *value);
        let value = values.next();
        if values.next().is_some() { Err(WebhookRefused::Repeated) } else { Ok(value) }
    }
}
