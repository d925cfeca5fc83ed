//! Habits of `migrations/` that keep it readable.

use testkit::migrations::{File, files, order};

/// The longest statement that fits a screen.
const SCREEN: usize = 40;

/// What is longer today. The list may only become shorter.
const LONGER: [&str; 7] = [
    "code/assistants/claim_prewarms.sql",
    "code/fleet/fleet_totals.sql",
    "code/leads/make_leads.sql",
    "code/leads/write_leads.sql",
    "code/queue/take.sql",
    "code/sums/hours_of.sql",
    "code/sums/spans_between.sql",
];

/// Functions with constant bodies side by side, and calls that make triggers.
const OF_MANY: [&str; 2] = ["code/settings.sql", "code/source/triggers.sql"];

fn code() -> Vec<File> {
    files().into_iter().filter(|file| file.path.starts_with("code/")).collect()
}

/// Whether the kind of an object is one of code, which is replaced and not altered.
fn is_code(kind: &str) -> bool {
    ["function", "procedure", "view"].contains(&kind)
}

#[test]
fn every_file_of_code_makes_one_object_and_is_named_after_it() {
    for file in code().iter().filter(|file| !OF_MANY.contains(&file.path.as_str())) {
        let made: Vec<_> = file.objects.iter().filter(|object| object.kind != "index").collect();
        let [object] = made.as_slice() else { panic!("{}: {made:?}", file.path) };
        let stem = file.path.rsplit('/').next().and_then(|name| name.strip_suffix(".sql"));
        assert_eq!(object.name.strip_prefix("prewarm."), stem, "{}", file.path);
    }
}

#[test]
fn every_file_begins_with_what_it_is() {
    for file in files() {
        assert!(file.sql.starts_with("-- "), "{}", file.path);
    }
}

#[test]
fn no_function_or_view_is_defined_twice() {
    let mut names: Vec<_> = files()
        .into_iter()
        .flat_map(|file| file.objects)
        .filter(|object| is_code(&object.kind))
        .map(|object| object.name)
        .collect();
    names.sort();
    let distinct = names.len();
    names.dedup();
    assert_eq!(distinct, names.len());
}

#[test]
fn the_order_names_every_file_of_code_once() {
    let mut order = order();
    order.sort();
    assert_eq!(order, code().into_iter().map(|file| file.path).collect::<Vec<_>>());
}

#[test]
fn functions_and_views_fit_a_screen() {
    let longer: Vec<_> = code()
        .into_iter()
        .filter(|file| file.objects.iter().any(|object| object.lines > SCREEN))
        .map(|file| file.path)
        .collect();
    assert_eq!(longer, LONGER);
}

#[test]
fn code_names_the_tables_of_the_source_in_one_folder() {
    for file in code().iter().filter(|file| !file.path.starts_with("code/source/")) {
        let named = file.sql.lines().find(|line| !line.trim_start().starts_with("--") && line.contains("public."));
        assert_eq!(named, None, "{}", file.path);
    }
}

#[test]
fn what_code_replaces_is_not_dropped_with_what_stands_on_it() {
    for file in files() {
        assert!(!file.sql.contains(" cascade;"), "{}", file.path);
    }
}
