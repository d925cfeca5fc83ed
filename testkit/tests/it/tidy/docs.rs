//! Documents name files that exist.

use std::{
    fs,
    path::{Path, PathBuf},
};

/// The project's documents. Other folders hold what tools have made.
fn documents(workspace: &Path) -> Vec<PathBuf> {
    let folders = ["", "docs", "docs/decisions", "migrations"].map(|folder| workspace.join(folder));
    let entries = folders.iter().flat_map(|folder| fs::read_dir(folder).unwrap());
    let paths = entries.map(|entry| entry.unwrap().path());
    paths.filter(|path| path.extension().is_some_and(|extension| extension == "md")).collect()
}

/// The texts between backticks, those of blocks aside.
fn quoted(document: &str) -> impl Iterator<Item = &str> {
    document.split("```").step_by(2).flat_map(|prose| prose.split('`').skip(1).step_by(2))
}

/// A path from the root of the tree, and not a route or a place that has to be filled in.
fn is_path(workspace: &Path, text: &str) -> bool {
    let is_plain = text.chars().all(|char| char.is_ascii_alphanumeric() || "/._-".contains(char));
    let folder = text.split_once('/').map(|(folder, _)| folder).filter(|folder| !folder.is_empty());
    is_plain && folder.is_some_and(|folder| workspace.join(folder).is_dir())
}

#[test]
fn paths_that_documents_name_exist() {
    let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let (mut named, mut missing) = (0, Vec::new());
    for document in documents(workspace) {
        let text = fs::read_to_string(&document).unwrap();
        for path in quoted(&text).filter(|text| is_path(workspace, text)) {
            named += 1;
            if !workspace.join(path).exists() {
                missing.push(format!("{}: {path}", document.strip_prefix(workspace).unwrap().display()));
            }
        }
    }
    assert!(named > 60, "{named}");
    assert!(missing.is_empty(), "{missing:#?}");
}
