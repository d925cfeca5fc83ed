//! Proposes a map for a database, by the names and types of its tables and columns.

use std::fmt::Write as _;

use crate::{
    Error,
    endpoint::options_of,
    map::is_plain,
    migrate::{PATIENCE, step::Steps},
};

/// A source with the names that its table and columns commonly have, the likeliest first.
struct Likeness {
    source: &'static str,
    tables: &'static [&'static str],
    columns: &'static [(&'static str, &'static [&'static str])],
}

const ORG: &[&str] = &["org_id", "organization_id", "tenant_id", "workspace_id", "account_id", "company_id"];
const CREATED: &[&str] = &["created_at", "inserted_at", "createdat", "created"];

const LIKENESSES: [Likeness; 6] = [
    Likeness {
        source: "organizations",
        tables: &["organizations", "orgs", "tenants", "workspaces", "accounts", "companies"],
        columns: &[
            ("id", &["id"]),
            ("name", &["name", "title", "display_name"]),
            ("timezone", &["timezone", "time_zone", "tz"]),
        ],
    },
    Likeness {
        source: "contacts",
        tables: &["contacts", "leads", "customers", "patients", "clients", "people"],
        columns: &[
            ("id", &["id"]),
            ("org_id", ORG),
            ("name", &["name", "full_name", "contact_name"]),
            ("phone", &["phone", "phone_number", "mobile"]),
            ("email", &["email", "email_address"]),
            ("lead_score", &["lead_score", "score"]),
            ("lead_status", &["lead_status", "status", "stage"]),
            ("service_interests", &["service_interests", "interests"]),
            ("estimated_value", &["estimated_value", "value", "deal_value"]),
            ("last_contact_at", &["last_contact_at", "last_contacted_at", "last_contact_date"]),
            ("created_at", CREATED),
        ],
    },
    Likeness {
        source: "calls",
        tables: &["calls", "call_logs", "vapi_calls", "call_records", "conversations"],
        columns: &[
            ("id", &["id"]),
            ("org_id", ORG),
            ("contact_id", &["contact_id", "lead_id", "customer_id", "patient_id"]),
            ("vapi_call_id", &["vapi_call_id", "vapi_id", "external_id"]),
            ("phone_number", &["phone_number", "from_number", "customer_number", "phone"]),
            ("call_direction", &["call_direction", "direction", "call_type"]),
            ("status", &["status"]),
            ("duration_seconds", &["duration_seconds", "duration"]),
            ("sentiment_label", &["sentiment_label", "sentiment"]),
            ("sentiment_score", &["sentiment_score"]),
            ("summary", &["summary", "sentiment_summary", "call_summary"]),
            ("ended_reason", &["ended_reason", "end_reason"]),
            ("cost_cents", &["cost_cents"]),
            ("is_test_call", &["is_test_call", "is_test"]),
            ("started_at", &["started_at", "start_time"]),
            ("ended_at", &["ended_at", "end_time"]),
            ("created_at", CREATED),
        ],
    },
    Likeness {
        source: "appointments",
        tables: &["appointments", "bookings", "meetings"],
        columns: &[
            ("id", &["id"]),
            ("org_id", ORG),
            ("contact_id", &["contact_id", "lead_id", "customer_id", "patient_id"]),
            ("service_type", &["service_type", "service", "title"]),
            ("scheduled_at", &["scheduled_at", "starts_at", "start_time"]),
            ("status", &["status"]),
            ("created_at", CREATED),
        ],
    },
    Likeness {
        source: "agents",
        tables: &["agents", "assistants", "voice_agents"],
        columns: &[
            ("id", &["id"]),
            ("org_id", ORG),
            ("call_direction", &["call_direction", "role", "direction"]),
            ("name", &["name"]),
            ("system_prompt", &["system_prompt", "prompt"]),
            ("first_message", &["first_message", "initial_message"]),
            ("voice", &["voice"]),
            ("model", &["model"]),
            ("vapi_assistant_id", &["vapi_assistant_id", "assistant_id"]),
            ("config_hash", &["config_hash"]),
        ],
    },
    Likeness {
        source: "phone_numbers",
        tables: &["phone_numbers", "managed_phone_numbers", "numbers"],
        columns: &[
            ("id", &["id"]),
            ("org_id", ORG),
            ("phone_number", &["phone_number", "number"]),
            ("vapi_phone_number_id", &["vapi_phone_number_id", "vapi_phone_id"]),
            ("agent_id", &["agent_id", "assistant_id"]),
        ],
    },
];

/// Types that stand for one another in a map without a word.
const FITTING: [(&str, &[&str]); 6] = [
    ("uuid", &["id", "org_id", "contact_id", "agent_id"]),
    ("timestamp with time zone", &["created_at", "last_contact_at", "scheduled_at", "started_at", "ended_at"]),
    ("integer", &["lead_score", "duration_seconds", "cost_cents"]),
    ("boolean", &["is_test_call"]),
    ("text[]", &["service_interests"]),
    ("jsonb", &["voice", "model"]),
];

struct Column {
    name: String,
    kind: String,
    not_null: bool,
}

struct Relation {
    schema: String,
    name: String,
    columns: Vec<Column>,
}

/// Proposes a map, in TOML, with what it is not sure of as comments.
pub async fn suggest(url: &str) -> Result<String, Error> {
    let mut steps = Steps::begin(&options_of(url)?, PATIENCE).await?;
    let mut relations: Vec<Relation> = Vec::new();
    for row in sqlx::query_file!("queries/attach/columns.sql").fetch_all(steps.session()).await? {
        let column = Column { name: row.name, kind: row.kind, not_null: row.not_null };
        match relations.last_mut() {
            Some(last) if (&last.schema, &last.name) == (&row.schema, &row.relation) => last.columns.push(column),
            _ => relations.push(Relation { schema: row.schema, name: row.relation, columns: vec![column] }),
        }
    }
    let mut map = "# Proposed from the names and types of this database's columns: read it before you use it.\n\
                   # Each right side is an SQL expression over the table's own columns.\nmode = \"observe\"\n"
        .to_owned();
    for likeness in &LIKENESSES {
        let found = likeness.tables.iter().find_map(|table| relations.iter().find(|relation| relation.name == *table));
        map.push_str(&proposed(likeness, found));
    }
    map.push_str(&rules());
    Ok(map)
}

/// The part of the map for a source.
fn proposed(likeness: &Likeness, found: Option<&Relation>) -> String {
    let Likeness { source, columns, .. } = likeness;
    let Some(Relation { schema, name, columns: held }) = found else {
        let names = likeness.tables.join(", ");
        return format!("\n# [{source}]: no table is named {names}\n");
    };
    let mut part = format!("\n[{source}]\ntable = \"{}.{}\"\n", escaped(schema), escaped(name));
    if let Some(deleted) = held.iter().find(|column| column.name == "deleted_at") {
        let _ = writeln!(part, "where = \"{} is null\"", deleted.name);
    }
    for (wanted, names) in *columns {
        let _ = match names.iter().find_map(|name| held.iter().find(|column| column.name.to_lowercase() == *name)) {
            Some(column) => writeln!(part, "{}", line(wanted, column)),
            None => writeln!(part, "# {wanted} = \"…\"    # no column is named {}", names.join(", ")),
        };
    }
    part
}

/// A column of the map, with a comment where its type does not fit.
fn line(wanted: &str, column: &Column) -> String {
    let held = identifier(&column.name);
    let fits = FITTING.iter().find(|(_, names)| names.contains(&wanted)).map(|(kind, _)| *kind);
    let expression = match (fits, column.kind.as_str()) {
        (Some("boolean"), "boolean") if !column.not_null => format!("coalesce({held}, false)"),
        (Some("timestamp with time zone"), "timestamp without time zone") => format!("{held} at time zone 'UTC'"),
        (Some("jsonb"), "json") => format!("{held}::jsonb"),
        _ => held.clone(),
    };
    let known = matches!((fits, column.kind.as_str()), (Some(wanted), held) if wanted == held)
        || fits.is_none()
        || expression != held;
    let doubt = if known {
        String::new()
    } else {
        format!("    # its type is {}: is it {}?", column.kind, fits.unwrap_or_default())
    };
    // A name that is another's says little about the meaning.
    let doubt = if doubt.is_empty() && held != wanted { format!("    # is this {wanted}?") } else { doubt };
    format!("{wanted} = \"{}\"{doubt}", expression.replace('\\', "\\\\").replace('"', "\\\""))
}

/// The rules of the plan, as comments.
fn rules() -> String {
    "\n# Without these, leads are contacts whose lead_status is new, contacted or qualified; a score from 80 on is hot, and from\n\
     # 50 on warm; and appointments count that are pending, confirmed, in_progress or completed.\n\
     # [rules]\n# actionable = \"lead_status in ('hot', 'warm')\"\n# temperature = \"lead_status\"\n\
     # live = \"status <> 'cancelled'\"\n"
        .to_owned()
}

/// A name as SQL writes it, in a text of TOML.
fn escaped(name: &str) -> String {
    identifier(name).replace('\\', "\\\\").replace('"', "\\\"")
}

/// A name as SQL writes it.
fn identifier(name: &str) -> String {
    if is_plain(name) { name.to_owned() } else { format!("\"{}\"", name.replace('"', "\"\"")) }
}
