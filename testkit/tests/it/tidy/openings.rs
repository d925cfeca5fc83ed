//! Comments and paragraphs open with the thing they are about.

use std::{fs, path::Path};

/// Relative clauses and headless phrases that hide the subject of a sentence.
const BANNED: [&str; 9] = ["by so", "how", "nobody", "so many", "so much", "what", "who", "whoever", "whose"];

/// Measures may open a comment: "How long a caller waits."
const MEASURES: [&str; 5] = ["how far", "how long", "how many", "how much", "how often"];

/// Folders that tools write to, and a frozen dump of an earlier schema.
const SKIPPED: [&str; 6] = [".git", ".prewarm", "before.sql", "dist", "node_modules", "target"];

/// The markers of line comments and of comment blocks, by the name of a file.
fn markers(name: &str) -> &'static [&'static str] {
    match name.rsplit('.').next().unwrap_or_default() {
        "rs" => &["///", "//!", "//"],
        "sql" | "lua" => &["--"],
        "ts" | "tsx" | "js" | "mjs" | "css" => &["/**", "/*", "//", "*"],
        "yml" | "toml" | "example" | "Makefile" | "setup" | "sqlx-prepare" | "with-servers" => &["#"],
        _ => &[],
    }
}

/// The first lines of comments and of their paragraphs and list items: the number of the line, and the text.
fn openings(name: &str, text: &str) -> Vec<(usize, String)> {
    let is_prose = name.ends_with(".md");
    let (mut found, mut is_open, mut is_fenced) = (Vec::new(), false, false);
    for (index, line) in text.lines().enumerate() {
        is_fenced ^= is_prose && line.trim_start().starts_with("```");
        let comment = match is_prose {
            true => (!is_fenced && !line.starts_with(['#', '|', '`'])).then(|| line.trim()),
            false => comment(line, markers(name)),
        };
        let Some(comment) = comment.filter(|comment| !comment.is_empty()) else {
            is_open = false;
            continue;
        };
        let item = comment.trim_start_matches(|char: char| char.is_ascii_digit() || ".-*> ".contains(char));
        let stands_alone = is_prose || markers(name).iter().any(|marker| line.trim_start().starts_with(marker));
        if !is_open || !stands_alone || item.len() < comment.len() {
            found.push((index + 1, item.to_owned()));
        }
        is_open = true;
    }
    found
}

/// The text of a comment: a line of its own, or behind code.
fn comment<'line>(line: &'line str, markers: &[&str]) -> Option<&'line str> {
    let line = line.trim_start();
    if let Some(text) = markers.iter().find_map(|marker| line.strip_prefix(marker)) {
        return Some(text.trim().trim_end_matches("*/").trim_end());
    }
    let (code, text) = line.rsplit_once(" // ").filter(|_| markers.contains(&"//"))?;
    (code.matches('"').count() % 2 == 0).then_some(text)
}

fn is_banned(text: &str) -> bool {
    let text = text.to_lowercase();
    let opens_with = |words: &&str| {
        text.strip_prefix(*words).is_some_and(|rest| !rest.starts_with(|char: char| char.is_alphanumeric()))
    };
    BANNED.iter().any(opens_with) && !MEASURES.iter().any(opens_with)
}

fn check(root: &Path, path: &Path, found: &mut Vec<String>) {
    if path.is_dir() {
        for entry in fs::read_dir(path).unwrap().map(Result::unwrap) {
            if !SKIPPED.contains(&&*entry.file_name().to_string_lossy()) {
                check(root, &entry.path(), found);
            }
        }
        return;
    }
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let Some(text) = fs::read_to_string(path).ok().filter(|text| !text.starts_with("// Generated")) else { return };
    for (line, text) in openings(&name, &text) {
        if is_banned(&text) {
            found.push(format!("{}:{line}: {text}", path.strip_prefix(root).unwrap().display()));
        }
    }
}

#[test]
fn comments_open_with_their_subject() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let mut found = Vec::new();
    check(root, root, &mut found);
    found.sort();
    assert!(found.is_empty(), "{} comments hide their subject:\n{}", found.len(), found.join("\n"));
}

#[test]
fn openings_are_found_in_comments_and_prose() {
    let texts = |name, text| openings(name, text).into_iter().map(|(_, text)| text).collect::<Vec<_>>();
    let rust = "/// One\n/// two\n///\n/// Three\nlet a = \"x // y\"; // Four\n// - Five\n";
    assert_eq!(texts("a.rs", rust), ["One", "Three", "Four", "Five"]);
    assert_eq!(texts("a.ts", "/** One. */\n/**\n * Two\n * more\n */\ncode();\n// Three"), ["One.", "Two", "Three"]);
    assert_eq!(
        texts("a.md", "# What\n\nOne\ntwo\n\n- **Three**\n1. Four\n```\ncode\n```\n| What |"),
        ["One", "Three**", "Four"]
    );
    assert!(
        ["What is left.", "Who asks", "by so much", "Nobody: none", "How it ends"].iter().all(|text| is_banned(text))
    );
    assert!(["Whole rows", "However", "How long it waits", "Whatever"].iter().all(|text| !is_banned(text)));
}
