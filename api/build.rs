//! Embeds the dashboard's files as Vite has built them. Without them the binary builds all the same, and its page says
//! how to build them.

use std::{
    env, fs,
    io::{self, Write as _},
    path::{Path, PathBuf},
};

/// Files of the dashboard's build that are not part of the page.
const NOT_SERVED: [&str; 2] = [".gitkeep", "script-hash"];

fn main() -> io::Result<()> {
    let dist = PathBuf::from(env::var_os("CARGO_MANIFEST_DIR").unwrap_or_default()).join("../dashboard/dist");
    println!("cargo::rerun-if-changed={}", dist.display());
    println!("cargo::rerun-if-changed=build.rs");
    let mut files = Vec::new();
    if dist.is_dir() {
        collect(&dist, &dist, &mut files)?;
        files.sort();
    }
    let out = PathBuf::from(env::var_os("OUT_DIR").unwrap_or_default());
    let mut code = fs::File::create(out.join("assets.rs"))?;
    let hash = fs::read_to_string(dist.join("script-hash")).unwrap_or_default();
    writeln!(code, "const SCRIPT_HASH: &str = {hash:?};\nstatic FILES: &[File] = &[")?;
    for name in files {
        let path = dist.join(&name);
        let packed = |suffix: &str| {
            let path = dist.join(format!("{name}.{suffix}"));
            if path.is_file() { format!("Some({})", include(&path)) } else { "None".to_owned() }
        };
        let (br, gzip) = (packed("br"), packed("gz"));
        let path = include(&path);
        writeln!(code, "    File {{ path: {:?}, identity: {path}, br: {br}, gzip: {gzip} }},", format!("/{name}"))?;
    }
    writeln!(code, "];")
}

fn include(path: &Path) -> String {
    format!("include_bytes!({:?})", path.display().to_string())
}

/// The names of the files under `folder`, relative to `root`.
fn collect(root: &Path, folder: &Path, files: &mut Vec<String>) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            collect(root, &path, files)?;
            continue;
        }
        let name = path.strip_prefix(root).unwrap_or(&path).display().to_string();
        let is_packed = [".br", ".gz"].iter().any(|suffix| name.ends_with(suffix));
        if !is_packed && !NOT_SERVED.contains(&&*name) {
            files.push(name);
        }
    }
    Ok(())
}
