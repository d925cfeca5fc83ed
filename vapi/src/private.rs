//! Private text.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Personal data such as a phone number, a name or a summary; or a key or secret of ours. `Debug` hides it, so that no
/// log line or error message can contain it by accident. Serialisation does not, since it is how the text is stored.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Private(String);

impl Private {
    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl From<String> for Private {
    fn from(text: String) -> Self {
        Self(text)
    }
}

impl fmt::Debug for Private {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[private]")
    }
}
