//! House rules of `migrations/` and the queries.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::path::Path;

use testkit::migrations::{File, files, order};

/// The longest statement that fits a screen.
const SCREEN: usize = 40;

/// The functions that are longer. The list may only shrink.
const LONGER: [&str; 2] = ["code/fleet/fleet_totals.sql", "code/sums/spans_between.sql"];

/// Files with several objects: constants, and calls that create functions or a materialized view.
const OF_MANY: [&str; 3] = ["code/settings.sql", "code/fleet/fleet_pulse.sql", "code/source/readers.sql"];

fn code() -> Vec<File> {
    files().into_iter().filter(|file| file.path.starts_with("code/")).collect()
}

/// The paths and texts of store's queries.
fn queries() -> Vec<(String, String)> {
    let mut paths = Vec::new();
    testkit::migrations::collect(Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/queries")), &mut paths).unwrap();
    paths.into_iter().map(|path| (path.display().to_string(), std::fs::read_to_string(&path).unwrap())).collect()
}

/// Whether objects of this kind are code, which is replaced instead of altered.
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
fn every_file_begins_with_a_comment() {
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

/// The demo is exempt, because it fills the standalone tables.
#[test]
fn the_tables_of_the_source_are_named_in_one_folder() {
    let code = code().into_iter().filter(|file| !file.path.starts_with("code/source/"));
    let queries = queries().into_iter().filter(|(path, _)| !path.contains("/demo/"));
    for (path, sql) in code.map(|file| (file.path, file.sql)).chain(queries) {
        let named = sql.lines().find(|line| !line.trim_start().starts_with("--") && line.contains("public."));
        assert_eq!(named, None, "{path}");
    }
}

/// The oracle and the peers of `bench` repeat the rules on purpose. So does `standalone/`: its view is read by roles that may
/// not call our functions, and its indexes belong to the tables' owner.
#[test]
fn a_rule_stands_in_one_file() {
    const RULES: [(&str, &str); 7] = [
        ("'qualified'", "code/rules/is_actionable.sql"),
        ("'in_progress'", "code/rules/is_live.sql"),
        (">= 80", "code/rules/temperature_of.sql"),
        (">= 50", "code/rules/temperature_of.sql"),
        ("'24 hours'", "code/rules/urgency_lasts.sql"),
        ("'168 hours'", "code/rules/urgency_lasts.sql"),
        ("'positive'", "code/rules/sentiment_of.sql"),
    ];
    let (files, queries) = (code(), queries());
    for (text, home) in RULES {
        let said = files.iter().filter(|file| file.sql.contains(text)).map(|file| file.path.as_str());
        assert_eq!(said.collect::<Vec<_>>(), [home], "{text}");
        let asked: Vec<_> =
            queries.iter().filter(|(path, sql)| !path.contains("/demo/") && sql.contains(text)).collect();
        assert!(asked.is_empty(), "{text}: {asked:?}");
    }
}

#[test]
fn a_column_of_leads_or_of_sums_is_named_where_it_is_defined() {
    let named = |column: &str| {
        let files = code().into_iter().filter(|file| file.sql.contains(column));
        files.map(|file| file.path).collect::<Vec<_>>()
    };
    assert_eq!(named("last_call_summary"), ["code/leads/lead_of.sql"]);
    // Sums of sums are taken of each column.
    assert_eq!(named("answered_calls"), ["code/sums/sums_by.sql"]);
}

#[test]
fn no_file_drops_with_cascade() {
    for file in files() {
        assert!(!file.sql.contains(" cascade;"), "{}", file.path);
    }
}

/// Managed databases do not let everybody create them, and what we did not create we do not drop.
#[test]
fn no_file_names_an_extension() {
    for (path, sql) in files().into_iter().map(|file| (file.path, file.sql)).chain(queries()) {
        let named = sql.lines().find(|line| !line.trim_start().starts_with("--") && line.contains(" extension"));
        assert_eq!(named, None, "{path}");
    }
}
