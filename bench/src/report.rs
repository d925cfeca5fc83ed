//! Writes the tables of PERFORMANCE.md. The prose around them is written by hand.

use std::{fs, path::Path};

use anyhow::Context as _;

const FILE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../PERFORMANCE.md");
const END: &str = "<!-- /bench -->";

/// Replaces the named texts and leaves the others.
pub(crate) fn write(texts: &[(&str, String)]) -> anyhow::Result<()> {
    let path = Path::new(FILE);
    let mut document = fs::read_to_string(path).context("PERFORMANCE.md")?;
    for (name, text) in texts {
        document =
            replaced(&document, name, text).with_context(|| format!("PERFORMANCE.md has no place for {name}"))?;
    }
    fs::write(path, document).context("PERFORMANCE.md")
}

/// The document with the text between `<!-- bench:name -->` and the next end marker replaced.
fn replaced(document: &str, name: &str, text: &str) -> Option<String> {
    let begin = format!("<!-- bench:{name} -->\n");
    let start = document.find(&begin)? + begin.len();
    let end = start + document[start..].find(END)?;
    Some(format!("{}\n{}\n\n{}", &document[..start], text.trim(), &document[end..]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_replaces_what_is_between_its_markers() {
        let document = "a\n<!-- bench:x -->\nold\n<!-- /bench -->\nb\n<!-- bench:y -->\n<!-- /bench -->\n";
        let once = replaced(document, "x", "new\n").unwrap();
        assert_eq!(once, "a\n<!-- bench:x -->\n\nnew\n\n<!-- /bench -->\nb\n<!-- bench:y -->\n<!-- /bench -->\n");
        assert_eq!(replaced(&once, "x", "new").unwrap(), once);
        assert!(replaced(&once, "y", "new").unwrap().ends_with("<!-- bench:y -->\n\nnew\n\n<!-- /bench -->\n"));
        assert_eq!(replaced(document, "z", "new"), None);
    }

    #[test]
    fn every_row_has_markers_in_the_report() {
        let document = fs::read_to_string(FILE).unwrap();
        for name in crate::rows::ALL.iter().map(|row| row.name).chain(["machine"]) {
            assert!(replaced(&document, name, "").is_some(), "{name}");
        }
    }
}
