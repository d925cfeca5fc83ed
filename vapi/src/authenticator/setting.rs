//! The parsing of settings.

/// An invalid setting. Its value is left out, since it may be a secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{name} is not {expected}")]
pub struct SettingError {
    name: &'static str,
    expected: &'static str,
}

impl SettingError {
    pub(super) const fn new(name: &'static str, expected: &'static str) -> Self {
        Self { name, expected }
    }
}

/// A setting that is `true` or `false`.
pub fn flag(lookup: impl Fn(&str) -> Option<String>, name: &'static str, default: bool) -> Result<bool, SettingError> {
    match lookup(name).as_deref().map(str::trim) {
        None => Ok(default),
        Some("true") => Ok(true),
        Some("false") => Ok(false),
        Some(_) => Err(SettingError::new(name, "true or false")),
    }
}

/// The secrets of `VAPI_WEBHOOK_SECRET`, a comma-separated list; white space around a secret is ignored. New assistants
/// use the first one, and the others are being rotated out.
pub fn webhook_secrets(list: &str) -> impl Iterator<Item = &str> {
    list.split(',').map(str::trim).filter(|secret| !secret.is_empty())
}
