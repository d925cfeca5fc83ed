//! Texts cut to the models' limits, counted in characters.

/// The limit of a summary.
pub(crate) const SUMMARY: usize = 4096;
/// The limit of any other text.
pub(crate) const OTHER: usize = 512;

pub(super) fn summary(text: &str) -> String {
    text.chars().take(SUMMARY).collect()
}

pub(super) fn other(text: &str) -> String {
    text.chars().take(OTHER).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn characters_are_counted_and_not_bytes() {
        let long = "🔥é".repeat(4096);
        assert_eq!(other(&long), "🔥é".repeat(256));
        assert_eq!(summary(&long), "🔥é".repeat(2048));
        assert_eq!(other("short"), "short");
    }
}
