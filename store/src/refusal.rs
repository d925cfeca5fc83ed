//! A refusal of Postgres, as far as it may be quoted.

/// The SQLSTATE and the schema's names, in place of a message that may quote a row.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Refusal {
    /// The SQLSTATE.
    pub code: String,
    /// The table, column and constraint that Postgres names.
    pub about: Vec<String>,
}

impl std::fmt::Display for Refusal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "SQLSTATE {}", self.code)?;
        if self.about.is_empty() { Ok(()) } else { write!(f, " ({})", self.about.join(", ")) }
    }
}
