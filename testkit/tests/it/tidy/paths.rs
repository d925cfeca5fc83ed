//! The documents name files that exist.

use std::{fs, path::Path};

/// The folders with documents.
const FOLDERS: [&str; 5] = ["", "dashboard/client", "docs", "docs/decisions", "migrations"];

/// The paths that a document names: the targets of its links, relative to it, and paths in backticks, from the root.
fn named(text: &str) -> (Vec<&str>, Vec<&str>) {
    let links = text.split("](").skip(1).filter_map(|rest| rest.split([')', '#']).next());
    let links = links.filter(|link| !link.is_empty() && !link.contains(':')).collect();
    let code = text.split('`').skip(1).step_by(2);
    let is_path = |code: &&str| {
        code.contains('/') && !code.starts_with('/') && !code.contains(|char: char| " <>*{}…:?=$\n".contains(char))
    };
    (links, code.filter(is_path).collect())
}

#[test]
fn paths_in_documents_exist() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let mut missing = Vec::new();
    let mut paths = 0;
    for folder in FOLDERS.map(|folder| root.join(folder)) {
        for document in fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()) {
            if document.extension().is_none_or(|extension| extension != "md") {
                continue;
            }
            let text = fs::read_to_string(&document).unwrap();
            let (links, code) = named(&text);
            // Only paths below a folder of the root that git keeps: others are routes, relative to a folder named
            // before, or made by a build.
            let code = code.iter().filter(|path| {
                let folder = path.split('/').next().unwrap_or_default();
                folder != "target" && root.join(folder).is_dir()
            });
            let places = links.iter().map(|link| folder.join(link)).chain(code.map(|path| root.join(path)));
            for place in places {
                paths += 1;
                let is_there = place.exists() || place.with_extension("rs").exists();
                if !is_there {
                    missing.push(format!("{}: {}", document.display(), place.display()));
                }
            }
        }
    }
    assert!(paths > 50, "{paths} paths were found");
    assert!(missing.is_empty(), "{}", missing.join("\n"));
}

#[test]
fn paths_are_found_in_links_and_in_backticks() {
    let text = "[a](docs/a.md#b) [c](https://c.example) `GET /d` `src/e.rs` `e2e: f` `g/<noun>/`";
    assert_eq!(named(text), (vec!["docs/a.md"], vec!["src/e.rs"]));
}
