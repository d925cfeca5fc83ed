//! The files of `migrations/` as texts, for tests of their form.

use std::path::{Path, PathBuf};

const ROOT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../migrations");

/// A file of `migrations/`.
#[derive(Clone, Debug)]
pub struct File {
    /// The path below `migrations/`.
    pub path: String,
    /// The text.
    pub sql: String,
    /// The objects that it creates.
    pub objects: Vec<Object>,
}

/// An object that a statement creates.
#[derive(Clone, Debug)]
pub struct Object {
    /// `function`, `procedure`, `view`, `table` and so on.
    pub kind: String,
    /// The name, with its schema.
    pub name: String,
    /// The number of lines of the statement.
    pub lines: usize,
}

/// All files, sorted by path.
#[must_use]
#[expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]
pub fn files() -> Vec<File> {
    let mut paths = Vec::new();
    collect(Path::new(ROOT), &mut paths).unwrap();
    paths.sort();
    let files = paths.into_iter().filter(|path| path.extension().is_some_and(|extension| extension == "sql"));
    files
        .map(|path| {
            let sql = std::fs::read_to_string(&path).unwrap();
            let path = path.strip_prefix(ROOT).unwrap().display().to_string();
            File { objects: objects(&sql), path, sql }
        })
        .collect()
}

/// The lines of `code/order` that name files.
#[must_use]
#[expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]
pub fn order() -> Vec<String> {
    let order = std::fs::read_to_string(Path::new(ROOT).join("code/order")).unwrap();
    order.lines().filter(|line| !line.is_empty() && !line.starts_with('#')).map(|line| format!("code/{line}")).collect()
}

/// Finds every file below a folder.
pub fn collect(folder: &Path, found: &mut Vec<PathBuf>) -> std::io::Result<()> {
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            collect(&path, found)?;
        } else {
            found.push(path);
        }
    }
    Ok(())
}

/// Finds the statements, which start with `create` in the first column and end before the next one's comment or text.
fn objects(sql: &str) -> Vec<Object> {
    let mut objects: Vec<Object> = Vec::new();
    let mut in_statement = false;
    for line in sql.lines() {
        if let Some(object) = made(line) {
            objects.push(object);
            in_statement = true;
        } else if in_statement && let Some(object) = objects.last_mut() {
            object.lines += 1;
        }
        in_statement &=
            !(line.starts_with("end") && line.ends_with(';') || !line.starts_with(' ') && line.ends_with("$$;"));
    }
    objects
}

fn made(line: &str) -> Option<Object> {
    let mut words = line.strip_prefix("create ")?.split(' ').skip_while(|word| {
        ["or", "replace", "unique", "materialized", "constraint", "if", "not", "exists"].contains(word)
    });
    let kind = words.next()?.to_owned();
    let name = words.find(|word| !["if", "not", "exists"].contains(word))?.split('(').next()?.to_owned();
    Some(Object { kind, name, lines: 1 })
}
