//! The backend of the product, which writes its tables at a steady rate whatever happens to them.

use std::time::{Duration, Instant};

use rand::{RngExt, rngs::StdRng};
use readmodel::ids::OrgId;
use serde_json::{Value, json};
use testkit::sqlx::{self, AssertSqlSafe, Connection as _, PgConnection};
use uuid::Uuid;

/// The rows of each table that a writer owns. Writers share none, so none waits for another.
const ROWS: u16 = 30;

/// The orgs that are written: one mostly, and one now and then.
pub(super) const ORGS: [OrgId; 2] = [OrgId(Uuid::from_u128(1)), OrgId(Uuid::from_u128(2))];

/// One of the writers.
#[derive(Clone, Copy)]
pub(super) struct Writer(pub(super) u16);

/// A row of a writer.
#[derive(Clone, Copy)]
struct Row {
    writer: u16,
    number: u16,
}

impl Row {
    fn id(self, table: u128) -> Uuid {
        Uuid::from_u128((table << 96) | (u128::from(self.writer) << 32) | (u128::from(self.number) << 16) | 1)
    }

    fn contact(self) -> Uuid {
        self.id(0xc0)
    }

    fn call(self) -> Uuid {
        self.id(0xca)
    }

    fn appointment(self) -> Uuid {
        self.id(0xa0)
    }

    fn org(self) -> OrgId {
        ORGS[usize::from(self.number.is_multiple_of(5))]
    }

    fn phone(self) -> String {
        format!("+1555{:03}{:04}", self.writer, self.number)
    }
}

impl Writer {
    /// A statement of the application. It names no column that a migration of the application renames or drops, and gives
    /// a row by both names of such a column, as a release does that works before and after it.
    pub(super) fn statement(self, random: &mut StdRng) -> String {
        let row = Row { writer: self.0, number: random.random_range(0..ROWS) };
        match random.random_range(0..20) {
            0..3 => save_contact(row, random),
            3..5 => format!(
                "update public.contacts set lead_status = '{}', notes = 'seen' where id = '{}'",
                grade(random),
                row.contact()
            ),
            5 => format!("delete from public.contacts where id = '{}'", row.contact()),
            6..9 => save_calls(row, 1, random),
            9..12 => format!(
                "update public.calls set status = 'ended', cost_cents = {} where id = '{}'",
                random.random_range(0..900),
                row.call()
            ),
            12 => format!("delete from public.calls where id = '{}'", row.call()),
            13 => save_calls(row, ROWS, random),
            14..16 => book(row, random),
            16 => format!("update public.appointments set status = 'completed' where id = '{}'", row.appointment()),
            17 => format!("update public.appointments set deleted_at = now() where id = '{}'", row.appointment()),
            18 => format!("delete from public.appointments where id = '{}'", row.appointment()),
            _ => format!("begin; {}; {}; commit", save_contact(row, random), save_calls(row, 1, random)),
        }
    }
}

fn one_of(random: &mut StdRng, values: &[&'static str]) -> &'static str {
    values[random.random_range(0..values.len())]
}

fn grade(random: &mut StdRng) -> &'static str {
    one_of(random, &["hot", "warm", "cold"])
}

fn save_contact(row: Row, random: &mut StdRng) -> String {
    let values = json!({
        "id": row.contact(), "org_id": row.org(), "name": format!("Contact {}", row.number), "phone": row.phone(),
        "lead_status": grade(random), "lead_score": random.random_range(0..100), "service_interests": ["cleaning"],
        "last_contacted_at": "2026-11-01T10:00:00Z", "created_at": "2026-10-01T10:00:00Z",
    });
    format!(
        "insert into public.contacts select * from jsonb_populate_record(null::public.contacts, '{values}')
         on conflict (org_id, phone) do update set lead_status = excluded.lead_status, lead_score = excluded.lead_score"
    )
}

/// Saves calls of the writer in one statement, from a row on.
fn save_calls(first: Row, count: u16, random: &mut StdRng) -> String {
    let rows: Vec<Value> =
        (0..count).map(|more| call(Row { number: (first.number + more) % ROWS, ..first }, random)).collect();
    format!(
        "insert into public.calls select * from jsonb_populate_recordset(null::public.calls, (
           select jsonb_agg(one || jsonb_build_object('contact_id', (
                    select id from public.contacts where phone = one ->> 'from_number')))
             from jsonb_array_elements('{}') one))
         on conflict (id) do update set status = excluded.status, sentiment_label = excluded.sentiment_label",
        Value::from(rows)
    )
}

fn call(row: Row, random: &mut StdRng) -> Value {
    let summary = format!("Call {}", random.random_range(0..1000));
    let hour = random.random_range(0..24);
    json!({
        "id": row.call(), "org_id": row.org(), "vapi_call_id": row.call(), "call_type": "inbound",
        "call_direction": one_of(random, &["inbound", "outbound"]),
        "from_number": row.phone(), "phone_number": row.phone(), "msisdn": row.phone(), "sentiment_summary": summary, "gist": summary,
        "start_time": format!("2026-11-01T{hour:02}:00:00Z"), "duration_seconds": random.random_range(0..600),
        "status": "in-progress", "sentiment_label": "positive", "sentiment_score": 0.5, "is_test_call": false,
        "cost_cents": 1, "created_at": format!("2026-11-01T{hour:02}:00:00Z"), "updated_at": "2026-11-01T10:00:00Z",
    })
}

fn book(row: Row, random: &mut StdRng) -> String {
    let values = json!({
        "id": row.appointment(), "org_id": row.org(), "service_type": "cleaning", "scheduled_at": "2027-01-01T10:00:00Z",
        "status": one_of(random, &["confirmed", "cancelled", "no_show"]), "created_at": "2026-11-02T10:00:00Z",
    });
    format!(
        "insert into public.appointments
         select r.* from jsonb_populate_record(null::public.appointments, '{values}') r
          where not exists (select from public.appointments a where a.id = r.id)"
    )
}

/// The outcome of a writer's statements.
#[derive(Default)]
pub(super) struct Tally {
    pub(super) took: Vec<Duration>,
    pub(super) failed: Vec<String>,
    pub(super) slow: Vec<String>,
}

impl Tally {
    /// Runs a statement and notes the outcome.
    pub(super) async fn run(&mut self, session: &mut PgConnection, statement: &str, limit: Duration) {
        let began = Instant::now();
        let done = sqlx::raw_sql(AssertSqlSafe(statement.to_owned())).execute(&mut *session).await;
        let took = began.elapsed();
        if let Err(error) = done {
            self.failed.push(format!("{error}: {statement}"));
            // A failed transaction of several statements stays open.
            session.ping().await.ok();
            sqlx::raw_sql("rollback").execute(session).await.ok();
        }
        if took > limit {
            self.slow.push(format!("{took:?}: {statement}"));
        }
        self.took.push(took);
    }

    /// Adds another writer's.
    pub(super) fn add(&mut self, other: Self) {
        self.took.extend(other.took);
        self.failed.extend(other.failed);
        self.slow.extend(other.slow);
    }
}
