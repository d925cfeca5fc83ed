//! Only `store` depends on the database driver, apart from tests and tools that act as another program.

use std::{fs, path::Path};

/// The crates that use the driver. `embedded` migrates the database that store's queries are checked against.
const SPEAK_SQL: [&str; 4] = ["bench", "embedded", "store", "testkit"];

#[test]
fn no_other_crate_names_the_driver() {
    let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let folders = fs::read_dir(workspace).unwrap().map(|entry| entry.unwrap().path());
    let names_it = |folder: &Path| {
        let manifest = fs::read_to_string(folder.join("Cargo.toml")).unwrap_or_default();
        manifest.lines().any(|line| line.starts_with("sqlx ") || line.starts_with("sqlx."))
    };
    let found = folders.filter(|folder| names_it(folder));
    let mut found: Vec<_> = found.map(|folder| folder.file_name().unwrap().to_str().unwrap().to_owned()).collect();
    found.sort_unstable();
    assert_eq!(found, SPEAK_SQL);
}
