//! Functions fit a screen. SQL functions have their own limit in store's tests.

use std::{fs, path::Path};

/// The longest function that fits a screen.
const SCREEN: usize = 60;

/// The functions that are longer: tests with tables of cases. The list may only shrink.
const LONGER: [&str; 6] = [
    "an_assistant_is_refused_in_vapis_words",
    "chromium_fetches_only_the_delta_even_after_a_reload",
    "every_ended_reason_maps_to_a_status",
    "every_filter_lists_the_matching_calls",
    "private_data_stays_out_of_logs_metrics_and_jobs",
    "rows_lost_in_a_restore_are_not_served_from_memory",
];

/// The names of functions in formatted source, with their numbers of lines.
fn functions(source: &str) -> Vec<(&str, usize)> {
    let lines: Vec<&str> = source.lines().collect();
    let mut found = Vec::new();
    for (start, line) in lines.iter().enumerate() {
        let Some(name) = name(line) else { continue };
        let indent = line.len() - line.trim_start().len();
        let is_end = |line: &&str| line.strip_prefix(&" ".repeat(indent)).is_some_and(|rest| rest == "}");
        let signature = lines[start..].iter().position(|line| line.ends_with(['{', ';', '}']));
        let Some(body) = signature.filter(|body| lines[start + body].ends_with('{')) else { continue };
        let length = lines[start + body..].iter().position(is_end).map_or(0, |end| body + end + 1);
        found.push((name, length));
    }
    found
}

/// The name of the function that a line declares.
fn name(line: &str) -> Option<&str> {
    let (before, after) = line.split_once("fn ")?;
    let is_declared = before
        .split_whitespace()
        .all(|word| word.starts_with("pub") || matches!(word, "const" | "async" | "unsafe" | "extern"));
    is_declared.then(|| after.split(['(', '<']).next()).flatten()
}

fn check(folder: &Path, found: &mut Vec<String>) {
    for entry in fs::read_dir(folder).into_iter().flatten() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            check(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let source = fs::read_to_string(&path).unwrap();
            found.extend(
                functions(&source).iter().filter(|(_, lines)| *lines > SCREEN).map(|(name, _)| (*name).to_owned()),
            );
        }
    }
}

#[test]
fn functions_fit_a_screen() {
    let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let mut found = Vec::new();
    for entry in fs::read_dir(workspace).unwrap() {
        let folder = entry.unwrap().path();
        if folder.join("Cargo.toml").exists() {
            for sources in ["src", "tests", "examples"] {
                check(&folder.join(sources), &mut found);
            }
        }
    }
    found.sort_unstable();
    assert_eq!(found, LONGER);
}

#[test]
fn lines_of_functions_are_counted() {
    let source = "trait A {\n    fn a(&self);\n    fn b() {}\n}\npub(crate) async fn c(\n    x: u8,\n) {\n    if x {\n    }\n}\n";
    assert_eq!(functions(source), [("c", 6)]);
    assert_eq!(name("    // A comment about fn a()"), None);
}
