//! Embeds the files of `migrations/` in the order in which they are applied, with a digest of the code among them.

use std::{env, error::Error, fmt::Write as _, fs, path::Path};

use xxhash_rust::xxh3::Xxh3Default;

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-changed=../migrations");
    let root = Path::new(&env::var("CARGO_MANIFEST_DIR")?).join("../migrations");
    let code = listed(&root)?;
    let mut made = String::new();
    writeln!(made, "pub(crate) static TABLES: Folder = {};", numbered(&root, "tables")?)?;
    writeln!(made, "pub(crate) static STANDALONE: Folder = {};", numbered(&root, "standalone")?)?;
    writeln!(made, "pub(crate) static CODE: &[File] = {};", embedded(&root, &code))?;
    writeln!(made, "pub(crate) const CODE_DIGEST: &str = {:?};", digest(&root, &code)?)?;
    fs::write(Path::new(&env::var("OUT_DIR")?).join("migrations.rs"), made)?;
    Ok(())
}

fn embedded(root: &Path, files: &[String]) -> String {
    let file = |file: &String| format!("File {{ name: {file:?}, sql: include_str!({:?}) }}", root.join(file));
    format!("&[{}]", files.iter().map(file).collect::<Vec<_>>().join(", "))
}

/// The files of a folder in the order of their numbers, without a gap from the first one on.
fn numbered(root: &Path, folder: &str) -> Result<String, Box<dyn Error>> {
    let mut files = Vec::new();
    for entry in fs::read_dir(root.join(folder))? {
        files.push(format!("{folder}/{}", entry?.file_name().display()));
    }
    files.sort();
    let number = |file: &String| file.get(folder.len() + 1..)?.split_once('_')?.0.parse::<i32>().ok();
    let first =
        files.first().and_then(number).ok_or_else(|| format!("migrations/{folder} does not begin with a number"))?;
    for (number, file) in (first..).zip(&files) {
        if !file.starts_with(&format!("{folder}/{number:04}_")) {
            return Err(format!("migrations/{file}: the number before it is missing").into());
        }
    }
    Ok(format!("Folder {{ name: {folder:?}, first: {first}, files: {} }}", embedded(root, &files)))
}

/// The files of `code/` in the order of `code/order`.
fn listed(root: &Path) -> Result<Vec<String>, Box<dyn Error>> {
    let order = fs::read_to_string(root.join("code/order"))?;
    let lines = order.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
    Ok(lines.map(|line| format!("code/{line}")).collect())
}

fn digest(root: &Path, files: &[String]) -> Result<String, Box<dyn Error>> {
    let mut hash = Xxh3Default::new();
    for file in files {
        hash.update(file.as_bytes());
        hash.update(&fs::read(root.join(file)).map_err(|error| format!("migrations/{file}: {error}"))?);
    }
    Ok(format!("{:032x}", hash.digest128()))
}
