//! `prewarm attach`: puts Prewarm beside tables that exist, and compares them with the map since.

use std::{fmt::Write as _, fs, path::Path};

use anyhow::{Context as _, bail, ensure};
use clap::Args;
use monitoring::logging;
use store::{
    Map,
    attach::{self, Attached, Survey},
    map::{Finding, Mode},
};

use crate::settings::Settings;

#[derive(Debug, Args)]
pub(crate) struct Arguments {
    #[command(flatten)]
    action: Action,
    /// Look at everything and change nothing
    #[arg(long, requires = "map")]
    dry_run: bool,
    /// Print the SQL, to read or to run elsewhere, and change nothing
    #[arg(long, requires = "map", conflicts_with = "dry_run")]
    sql: bool,
    /// Print findings as JSON
    #[arg(long, requires = "check")]
    json: bool,
}

#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
struct Action {
    /// The map: a TOML file, or `standalone` or `clinic`, which ship with Prewarm
    #[arg(long, value_name = "FILE")]
    map: Option<String>,
    /// Compare the attached tables with the map; exits with 1 if they differ
    #[arg(long)]
    check: bool,
    /// Propose a map by the names and types of this database's tables
    #[arg(long)]
    suggest: bool,
}

impl Arguments {
    pub(crate) async fn run(self, settings: &Settings) -> anyhow::Result<()> {
        logging::init(settings.get("PREWARM_LOG"));
        let url = settings.reach_direct().await?;
        if self.action.check {
            return check(url, self.json).await;
        }
        if self.action.suggest {
            print(&attach::suggest(url).await?);
            return Ok(());
        }
        let map = read(self.action.map.as_deref().unwrap_or_default())?;
        if self.sql {
            print(&attach::script(url, &map).await.context("cannot look at the schema")?);
            return Ok(());
        }
        let survey = attach::survey(url, &map).await.context("cannot look at the database")?;
        print(&described(&survey));
        ensure!(survey.faults.is_empty(), "{} to mend; nothing was changed", counted(survey.faults.len(), "fault"));
        if self.dry_run {
            print(&planned(&survey));
            return Ok(());
        }
        ended(attach::attach(url, &map).await.context("not attached")?, &map, &survey)
    }
}

/// Reads a map that ships with Prewarm, or a file.
pub(crate) fn read(name: &str) -> anyhow::Result<Map> {
    if let Some(map) = Map::named(name) {
        return Ok(map);
    }
    let text = fs::read_to_string(Path::new(name))
        .with_context(|| format!("--map {name}: neither a file that can be read, nor standalone or clinic"))?;
    Map::parse(&text).map_err(|faults| {
        print(&listed(&faults));
        anyhow::anyhow!("{name}: {} to mend", counted(faults.len(), "fault"))
    })
}

async fn check(url: &str, json: bool) -> anyhow::Result<()> {
    let findings = attach::check(url).await.context("cannot compare the source with its map")?;
    if json {
        print(&format!("{}\n", serde_json::to_string_pretty(&findings)?));
    } else if findings.is_empty() {
        print("The source is as the map has it.\n");
    } else {
        print(&listed(&findings));
    }
    ensure!(findings.is_empty(), "{}", counted(findings.len(), "difference"));
    Ok(())
}

/// The end of an attachment, as a receipt.
fn ended(attached: Attached, map: &Map, survey: &Survey) -> anyhow::Result<()> {
    match attached {
        Attached::Whole => {
            let mode = match map.mode() {
                Mode::Observe => "Nothing of yours is written (mode observe).",
                Mode::Intake => "Webhooks write calls and contacts (mode intake).",
            };
            print(&format!(
                "Attached. Made the schema `prewarm` and {}; nothing else of yours was touched.\n{mode}\n\
                 Every org will be rebuilt: start `prewarm worker` and `prewarm api`.\n\
                 Look again: prewarm attach --check. Undo: prewarm detach.\n",
                counted(survey.triggers.len() / 2, "trigger")
            ));
            Ok(())
        }
        Attached::WithoutTriggers(statements) => {
            print(&format!(
                "The schema `prewarm` is ready. The tables belong to another role, which has to run this:\n\n{};\n\n\
                 Then run `prewarm attach` again.\n",
                statements.join(";\n")
            ));
            bail!("not attached yet: changes are not noticed")
        }
    }
}

/// A survey in words.
fn described(survey: &Survey) -> String {
    let mut text = format!("Connected as {}.\n\n", survey.role);
    for table in &survey.tables {
        let rows = table.rows.map_or("never analysed".to_owned(), |rows| format!("about {rows} rows"));
        let mut notes = vec![rows];
        if table.partitions > 0 {
            notes.push(counted(usize::try_from(table.partitions).unwrap_or_default(), "partition"));
        }
        if table.row_security {
            notes.push("row level security on".to_owned());
        }
        if !table.is_ours {
            notes.push(format!("belongs to {}", table.owner));
        }
        let _ = writeln!(text, "  {:<14} {} ({})", table.source, table.named, notes.join(", "));
    }
    text.push('\n');
    text.push_str(&listed(&survey.faults));
    for advice in &survey.advice {
        let _ = writeln!(text, "note: {advice}");
    }
    for org in &survey.orgs {
        let name = org.name.as_deref().unwrap_or("an org without a name");
        let _ = writeln!(text, "\n{name}: {} of {} contacts are leads, {} calls", org.leads, org.contacts, org.calls);
        for lead in &org.first {
            let (name, temperature) =
                (lead.name.as_deref().unwrap_or("Unknown"), lead.temperature.as_deref().unwrap_or("-"));
            let _ = writeln!(text, "  {name:<30} {temperature:<6} urgency {:<7} {} calls", lead.urgency, lead.calls);
        }
    }
    text
}

/// The end of a dry run.
fn planned(survey: &Survey) -> String {
    let statements: String = survey.triggers.iter().map(|statement| format!("  {statement};\n")).collect();
    format!("\nBeside the schema `prewarm`, this would be put on your tables:\n{statements}\nNothing was changed.\n")
}

fn listed(findings: &[Finding]) -> String {
    let mut text = String::new();
    for Finding { finding, seen, wanted, remedy, .. } in findings {
        let _ = writeln!(text, "{finding}\n  seen:   {seen}\n  wanted: {wanted}\n  do:     {remedy}");
    }
    text
}

fn counted(count: usize, what: &str) -> String {
    format!("{count} {what}{}", if count == 1 { "" } else { "s" })
}

#[expect(clippy::print_stdout, reason = "the output of a command")]
pub(crate) fn print(text: &str) {
    print!("{text}");
}
