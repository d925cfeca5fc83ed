//! Files of a crate do not use each other in circles. The children of a module, each with everything below it, use each
//! other one way. Uses of a parent by its children do not count.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
};

use super::source::{Named, paths};

type Module = Vec<String>;

/// The files of a crate, or of its integration tests, by module.
struct Crate(BTreeMap<Module, Vec<Named>>);

impl Crate {
    fn read(root: &Path) -> Self {
        let mut files = Vec::new();
        list(root, &mut files);
        let module = |file: &Path| {
            let path = file.strip_prefix(root).unwrap().with_extension("");
            let mut module: Module = path.iter().map(|name| name.to_str().unwrap().to_owned()).collect();
            module.pop_if(|last| matches!(&**last, "mod" | "lib" | "main"));
            module
        };
        Self(files.iter().map(|file| (module(file), paths(&fs::read_to_string(file).unwrap()))).collect())
    }

    /// The module that defines the item of a path, resolved from another module through re-exports.
    fn holder(&self, from: &[String], path: &[String]) -> Option<Module> {
        let mut path = self.absolute(from, path)?;
        // The longest supported chain of re-exports.
        for _ in 0..8 {
            let length = (0..=path.len()).rev().find(|length| self.0.contains_key(&path[..*length]))?;
            let (module, rest) = path.split_at(length);
            let handed_on = rest.first().and_then(|name| {
                self.0[module].iter().find(|named| named.exported_as.as_ref() == Some(name)).map(|named| &named.path)
            });
            let Some(handed_on) = handed_on.and_then(|target| self.absolute(module, target)) else {
                return Some(module.to_vec());
            };
            path = handed_on.into_iter().chain(rest[1..].iter().cloned()).collect();
        }
        None
    }

    /// The path from the crate's root; `None` for items of other crates.
    fn absolute(&self, from: &[String], path: &[String]) -> Option<Module> {
        let ups = path.iter().take_while(|name| *name == "super").count();
        match &*path[0] {
            "crate" => Some(path[1..].to_vec()),
            "self" => Some([from, &path[1..]].concat()),
            "super" => Some([&from[..from.len().checked_sub(ups)?], &path[ups..]].concat()),
            child => self.0.contains_key(&[from, &[child.to_owned()]].concat()).then(|| [from, path].concat()),
        }
    }

    /// The uses between children of a module, with their places.
    fn uses(&self, parent: &[String]) -> BTreeMap<(String, String), BTreeSet<String>> {
        let child = |module: &[String]| module.strip_prefix(parent)?.first().cloned();
        let mut uses = BTreeMap::<_, BTreeSet<_>>::new();
        for (module, named) in &self.0 {
            for Named { path, exported_as } in named {
                let Some(user) = child(module).filter(|_| exported_as.is_none()) else { continue };
                let used = self.holder(module, path).and_then(|holder| child(&holder));
                if let Some(used) = used.filter(|used| *used != user) {
                    let place = format!("{} uses {}", module.join("::"), path.join("::"));
                    uses.entry((user, used)).or_default().insert(place);
                }
            }
        }
        uses
    }

    /// Every use that is part of a circle.
    fn circles(&self) -> Vec<String> {
        let mut found = Vec::new();
        for parent in self.0.keys() {
            let uses = self.uses(parent);
            for ((user, used), places) in &uses {
                if reaches(&uses, used, user) {
                    found.extend(places.iter().cloned());
                }
            }
        }
        found
    }
}

fn reaches(uses: &BTreeMap<(String, String), BTreeSet<String>>, from: &str, to: &str) -> bool {
    let mut seen = BTreeSet::from([from]);
    let mut next = vec![from];
    while let Some(at) = next.pop() {
        let used = uses.keys().filter(|(user, _)| user == at).map(|(_, used)| &**used);
        next.extend(used.filter(|used| seen.insert(used)));
    }
    seen.contains(to)
}

fn list(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).into_iter().flatten() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            list(&path, files);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
}

#[test]
fn files_of_a_crate_use_each_other_one_way() {
    let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let mut crates = 0;
    let mut circles = Vec::new();
    for entry in fs::read_dir(workspace).unwrap() {
        let folder = entry.unwrap().path();
        if !folder.join("Cargo.toml").exists() {
            continue;
        }
        crates += 1;
        for root in ["src", "tests/it"].map(|root| folder.join(root)) {
            let name = root.strip_prefix(workspace).unwrap().display().to_string();
            circles.extend(Crate::read(&root).circles().into_iter().map(|use_| format!("{name}: {use_}")));
        }
    }
    assert!(crates > 10, "{crates} crates were found");
    assert!(circles.is_empty(), "files that use each other in a circle:\n{}", circles.join("\n"));
}

#[test]
fn a_circle_through_a_reexport_is_found() {
    let read = |files: &[(&str, &str)]| {
        let module = |name: &str| name.split("::").filter(|name| !name.is_empty()).map(str::to_owned).collect();
        Crate(files.iter().map(|(name, source)| (module(name), paths(source))).collect())
    };
    let family =
        read(&[("", "mod a; pub use a::A;"), ("a", "mod b; use b::B;"), ("a::b", "use super::A; use crate::A;")]);
    assert_eq!(family.circles(), [""; 0]);
    let circle = read(&[("", "pub use a::A;"), ("a", "use crate::b::c::C;"), ("b", ""), ("b::c", "use crate::A;")]);
    assert_eq!(circle.circles(), ["a uses crate::b::c::C", "b::c uses crate::A"]);
}
