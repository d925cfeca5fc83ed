//! Embeds the files of `migrations/` in the order in which they are applied, with a digest of the code among them.

use std::{env, error::Error, fmt::Write as _, fs, path::Path};

use xxhash_rust::xxh3::Xxh3Default;

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-changed=../migrations");
    let root = Path::new(&env::var("CARGO_MANIFEST_DIR")?).join("../migrations");
    let code = listed(&root)?;
    let mut made = String::new();
    embed(&mut made, &root, "TABLES", &numbered(&root, "tables")?)?;
    embed(&mut made, &root, "STANDALONE", &numbered(&root, "standalone")?)?;
    embed(&mut made, &root, "CODE", &code)?;
    writeln!(made, "pub(crate) const CODE_DIGEST: &str = {:?};", digest(&root, &code)?)?;
    fs::write(Path::new(&env::var("OUT_DIR")?).join("migrations.rs"), made)?;
    Ok(())
}

fn embed(made: &mut String, root: &Path, constant: &str, files: &[String]) -> Result<(), Box<dyn Error>> {
    writeln!(made, "pub(crate) static {constant}: &[File] = &[")?;
    for file in files {
        writeln!(made, "    File {{ name: {file:?}, sql: include_str!({:?}) }},", root.join(file))?;
    }
    made.push_str("];\n");
    Ok(())
}

/// The files of a folder in the order of their numbers: 0001, 0002 and so on.
fn numbered(root: &Path, folder: &str) -> Result<Vec<String>, Box<dyn Error>> {
    let mut files = Vec::new();
    for entry in fs::read_dir(root.join(folder))? {
        files.push(format!("{folder}/{}", entry?.file_name().display()));
    }
    files.sort();
    for (number, file) in (1..).zip(&files) {
        if !file.starts_with(&format!("{folder}/{number:04}_")) {
            return Err(format!("migrations/{file}: the number before it is missing").into());
        }
    }
    Ok(files)
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
