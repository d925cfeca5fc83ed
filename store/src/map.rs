//! Maps: how the tables of a database are the source.

use std::collections::BTreeMap;

use serde_json::{Value as Json, json};

use crate::migrations;

/// The map of the tables that `migrate --with-source` makes.
const STANDALONE: &str = include_str!("../../migrations/maps/standalone.toml");

/// The map of a clinics' product on Supabase.
const CLINIC: &str = include_str!("../../migrations/maps/clinic.toml");

/// The sources in the order in which maps name them.
const SOURCES: [&str; 6] = ["organizations", "contacts", "calls", "appointments", "agents", "phone_numbers"];

/// The rules: the source and the column of its view that each makes, the mapped column that the rule of the plan judges,
/// and that rule.
const RULES: [(&str, &str, &str, &str, &str); 3] = [
    ("actionable", "contacts", "is_actionable", "lead_status", "prewarm.is_actionable"),
    ("temperature", "contacts", "temperature", "lead_score", "prewarm.temperature_of"),
    ("live", "appointments", "is_live", "status", "prewarm.is_live"),
];

/// The sources that webhooks write.
const WRITTEN: [&str; 2] = ["contacts", "calls"];

/// A difference between a source and its map.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Finding {
    /// A stable id, such as `column:calls:phone_number`.
    pub finding: String,
    /// The source, such as `calls`; empty for the map as a whole.
    pub source: String,
    /// The state that was found.
    pub seen: String,
    /// The state that the map needs.
    pub wanted: String,
    /// The remedy.
    pub remedy: String,
}

/// A description of tables as the source: a file of `migrations/maps`, or one like it.
#[derive(Clone, Debug, PartialEq)]
pub struct Map(Json);

/// Whether Prewarm writes to the source.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// Never. Webhooks, agents and test calls are off.
    Observe,
    /// Webhooks write calls and callers.
    Intake,
}

impl Map {
    /// The map of the tables that `migrate --with-source` makes.
    #[must_use]
    pub fn standalone() -> Self {
        Self::shipped(STANDALONE)
    }

    /// A map that ships with Prewarm, by its name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        match name {
            "standalone" => Some(Self::standalone()),
            "clinic" => Some(Self::shipped(CLINIC)),
            _ => None,
        }
    }

    #[expect(clippy::expect_used, reason = "a test parses them all")]
    fn shipped(text: &str) -> Self {
        Self::parse(text).expect("a map that ships with Prewarm is valid")
    }

    /// Reads a map.
    ///
    /// # Errors
    /// All that is wrong with its form. Its tables and columns are compared with the database later.
    pub fn parse(text: &str) -> Result<Self, Vec<Finding>> {
        let file: toml::Table = text.parse().map_err(|error: toml::de::Error| vec![unreadable(&error)])?;
        let mut reader = Reader::default();
        let mode = reader.mode(&file);
        let mut tables: BTreeMap<&str, Json> =
            SOURCES.into_iter().filter_map(|source| Some((source, reader.table(source, file.get(source)?)?))).collect();
        reader.rules(&mut tables, file.get("rules"));
        let writes = if mode == "intake" { reader.writes(file.get("writes")) } else { json!({}) };
        for name in file.keys().filter(|name| !is_part(name)) {
            reader.fault(
                name,
                format!("the map has a part {name}"),
                "a source, mode or [rules]",
                format!("remove {name}"),
            );
        }
        if reader.faults.is_empty() {
            Ok(Self(json!({ "mode": mode, "tables": tables, "writes": writes })))
        } else {
            Err(reader.faults)
        }
    }

    /// Whether Prewarm writes to the source.
    #[must_use]
    pub fn mode(&self) -> Mode {
        if self.0["mode"] == "intake" { Mode::Intake } else { Mode::Observe }
    }

    /// The tables that it names.
    pub(crate) fn tables(&self) -> Vec<String> {
        let tables = self.0["tables"].as_object().into_iter().flat_map(serde_json::Map::values);
        tables.filter_map(|table| table["table"].as_str()).map(str::to_owned).collect()
    }

    /// The table of a source.
    pub(crate) fn table_of(&self, source: &str) -> Option<&str> {
        self.0["tables"][source]["table"].as_str()
    }

    /// The statements that attach its tables.
    pub(crate) fn attaching(&self) -> String {
        format!("{}; call prewarm.attach({})", self.noting_whose(), self.constant())
    }

    /// The statements that make everything of it but the triggers.
    pub(crate) fn laying_out(&self) -> String {
        format!("{}; call prewarm.lay_out({})", self.noting_whose(), self.constant())
    }

    /// The start of a script that records it.
    pub(crate) fn recording(&self) -> String {
        format!("update prewarm.schema set map = {}; ", self.constant())
    }

    /// The statement that notes whether the tables are those that we make.
    fn noting_whose(&self) -> String {
        let standalone = if *self == Self::standalone() { migrations::STANDALONE.newest() } else { 0 };
        format!("update prewarm.schema set standalone = {standalone}")
    }

    fn constant(&self) -> String {
        literal(&self.0.to_string())
    }
}

/// A text as a constant of SQL, whatever `standard_conforming_strings` says.
pub(crate) fn literal(text: &str) -> String {
    format!("E'{}'", text.replace('\\', "\\\\").replace('\'', "''"))
}

/// Whether a map has a part of this name.
fn is_part(name: &str) -> bool {
    ["mode", "rules", "writes"].contains(&name) || SOURCES.contains(&name)
}

fn unreadable(error: &toml::de::Error) -> Finding {
    let seen = error.to_string().split_whitespace().collect::<Vec<_>>().join(" ");
    Finding {
        finding: "map".to_owned(),
        source: String::new(),
        seen,
        wanted: "TOML".to_owned(),
        remedy: "mend the file".to_owned(),
    }
}

/// Collects all that is wrong with a map.
#[derive(Default)]
struct Reader {
    faults: Vec<Finding>,
}

impl Reader {
    fn fault(&mut self, place: &str, seen: String, wanted: &str, remedy: String) {
        let source = place.split('.').next().unwrap_or_default().to_owned();
        self.faults.push(Finding { finding: format!("map:{place}"), source, seen, wanted: wanted.to_owned(), remedy });
    }

    fn mode(&mut self, file: &toml::Table) -> Json {
        match file.get("mode").and_then(toml::Value::as_str) {
            Some(mode @ ("observe" | "intake")) => mode.into(),
            _ => {
                let seen = file.get("mode").map_or("the map has no mode".to_owned(), |mode| format!("mode = {mode}"));
                self.fault("mode", seen, "observe or intake", "write mode = \"observe\"".to_owned());
                Json::Null
            }
        }
    }

    /// `[contacts]` and so on: the table, the condition, and the columns.
    fn table(&mut self, source: &str, value: &toml::Value) -> Option<Json> {
        let texts = self.texts(source, value)?;
        let (mut table, mut columns) = (serde_json::Map::new(), serde_json::Map::new());
        for (name, text) in texts {
            let is_of_rule = RULES.iter().any(|(_, of, column, ..)| (*of, *column) == (source, name.as_str()));
            match name.as_str() {
                "table" | "where" => table.insert(name, text.into()),
                _ if is_of_rule => {
                    let seen = format!("[{source}] has {name}");
                    self.fault(&format!("{source}.{name}"), seen, "a column", "write it in [rules]".to_owned());
                    None
                }
                _ => columns.insert(name, text.into()),
            };
        }
        let named = table.get("table").and_then(Json::as_str);
        if !named.is_some_and(is_table_name) {
            let seen = named.map_or(format!("[{source}] names no table"), |named| format!("table = \"{named}\""));
            let remedy = format!("write table = \"public.{source}\" in [{source}]");
            self.fault(&format!("{source}.table"), seen, "a table with its schema", remedy);
        }
        table.insert("columns".to_owned(), columns.into());
        Some(table.into())
    }

    /// Makes a column of each rule: the map's, or else the plan's over the mapped column.
    fn rules(&mut self, tables: &mut BTreeMap<&str, Json>, value: Option<&toml::Value>) {
        let mut given: BTreeMap<_, _> =
            value.and_then(|value| self.texts("rules", value)).unwrap_or_default().into_iter().collect();
        for (rule, source, column, judged, of_the_plan) in RULES {
            let given = given.remove(rule);
            let Some(columns) = tables.get_mut(source).and_then(|table| table["columns"].as_object_mut()) else {
                continue;
            };
            let type_of = if judged == "lead_score" { "int4" } else { "text" };
            let of_the_plan = columns
                .get(judged)
                .and_then(Json::as_str)
                .map(|judged| format!("{of_the_plan}(({judged})::pg_catalog.{type_of})"));
            match given.or(of_the_plan) {
                Some(expression) => _ = columns.insert(column.to_owned(), expression.into()),
                None => self.fault(
                    &format!("rules.{rule}"),
                    format!("[{source}] has no {judged}, by which the rule {rule} would judge"),
                    "an expression over the table",
                    format!("write {rule} = \"…\" in [rules]"),
                ),
            }
        }
        for rule in given.into_keys() {
            self.fault(
                &format!("rules.{rule}"),
                format!("[rules] has {rule}"),
                "actionable, temperature or live",
                format!("remove {rule}"),
            );
        }
    }

    /// `[writes.contacts]` and `[writes.calls]`: what webhooks write.
    fn writes(&mut self, value: Option<&toml::Value>) -> Json {
        let mut writes = serde_json::Map::new();
        for source in WRITTEN {
            let part = format!("writes.{source}");
            match value.and_then(|value| value.get(source)) {
                Some(value) => {
                    let texts = self.texts(&part, value).unwrap_or_default();
                    writes.insert(
                        source.to_owned(),
                        texts.into_iter().map(|(name, text)| (name, Json::from(text))).collect(),
                    );
                }
                None => {
                    let seen = format!("mode is intake, and the map has no [{part}]");
                    self.fault(
                        &part,
                        seen,
                        "the columns that webhooks write",
                        format!("write [{part}], or mode = \"observe\""),
                    );
                }
            }
        }
        writes.into()
    }

    /// The texts of a part of the map.
    fn texts(&mut self, part: &str, value: &toml::Value) -> Option<Vec<(String, String)>> {
        let Some(table) = value.as_table() else {
            self.fault(part, format!("{part} = {value}"), "a table of texts", format!("write [{part}]"));
            return None;
        };
        let mut texts = Vec::new();
        for (name, value) in table {
            match value.as_str().map(str::trim) {
                Some(text) if !text.is_empty() => texts.push((name.clone(), text.to_owned())),
                _ => {
                    let remedy = format!("write {name} = \"…\" in [{part}], or leave it out");
                    self.fault(
                        &format!("{part}.{name}"),
                        format!("{name} = {value}"),
                        "an SQL expression in quotes",
                        remedy,
                    );
                }
            }
        }
        Some(texts)
    }
}

/// Whether SQL writes a name without quotes.
pub(crate) fn is_plain(name: &str) -> bool {
    name.starts_with(|first: char| first.is_ascii_lowercase() || first == '_')
        && name.chars().all(|one| one.is_ascii_lowercase() || one.is_ascii_digit() || one == '_')
}

/// Whether a text is a schema and a table, each quoted where SQL needs it.
fn is_table_name(text: &str) -> bool {
    let quoted = |part: &str| {
        part.len() > 2 && part.starts_with('"') && part.ends_with('"') && !part[1..part.len() - 1].contains(['"', '.'])
    };
    let parts: Vec<_> = text.split('.').collect();
    parts.len() == 2 && parts.into_iter().all(|part| is_plain(part) || quoted(part))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shipped_maps_are_valid() {
        assert_eq!(Map::standalone().mode(), Mode::Intake);
        assert_eq!(Map::named("clinic").unwrap().mode(), Mode::Observe);
        assert_eq!(Map::named("another"), None);
    }

    #[test]
    fn a_rule_that_is_left_out_is_the_plans_over_the_mapped_column() {
        let map = Map::standalone();
        let contacts = &map.0["tables"]["contacts"]["columns"];
        assert_eq!(contacts["is_actionable"], "prewarm.is_actionable((lead_status)::pg_catalog.text)");
        assert_eq!(contacts["temperature"], "prewarm.temperature_of((lead_score)::pg_catalog.int4)");
        let clinic = Map::named("clinic").unwrap();
        assert_eq!(clinic.0["tables"]["contacts"]["columns"]["temperature"], "lead_status");
    }

    #[test]
    fn all_that_is_wrong_with_a_map_is_told_at_once() {
        let text = "
            mode = 'both'
            calls = 1
            callers = {}
            [organizations]
            table = 'organizations; drop table x'
            id = ''
            [contacts]
            table = 'public.contacts'
            is_actionable = 'true'
            [rules]
            temperature = 'grade'
            hot = 'true'";
        let mut faults: Vec<_> = Map::parse(text).unwrap_err().into_iter().map(|fault| fault.finding).collect();
        faults.sort();
        let wanted = [
            "map:callers",
            "map:calls",
            "map:contacts.is_actionable",
            "map:mode",
            "map:organizations.id",
            "map:organizations.table",
            "map:rules.actionable",
            "map:rules.hot",
        ];
        assert_eq!(faults, wanted);
        let faults = Map::parse("mode = ").unwrap_err();
        assert!(faults[0].seen.contains("line 1"), "{faults:?}");
    }

    #[test]
    fn a_table_is_named_with_its_schema() {
        for good in ["public.calls", "\"Clinic\".\"Call Log\"", "a_1.b"] {
            assert!(is_table_name(good), "{good}");
        }
        for bad in ["calls", "public.calls x", "public.Calls", "a.b.c", "public.\"a\"b\"", "public.", ""] {
            assert!(!is_table_name(bad), "{bad}");
        }
    }
}
