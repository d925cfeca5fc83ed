//! A setting that cannot be followed.

/// A setting that is not what it should be. What it is, is left out: it may be a secret.
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

/// A setting that is on or off.
pub fn flag(lookup: impl Fn(&str) -> Option<String>, name: &'static str, default: bool) -> Result<bool, SettingError> {
    match lookup(name).as_deref().map(str::trim) {
        None => Ok(default),
        Some("true") => Ok(true),
        Some("false") => Ok(false),
        Some(_) => Err(SettingError::new(name, "true or false")),
    }
}

/// The secrets of `VAPI_WEBHOOK_SECRET`, a comma-separated list. White space around a secret is not part of it. New
/// assistants present the first one; the others are on their way out.
pub fn webhook_secrets(list: &str) -> impl Iterator<Item = &str> {
    list.split(',').map(str::trim).filter(|secret| !secret.is_empty())
}
