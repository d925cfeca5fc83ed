//! Orgs with skewed data, or large ones, as real orgs are. Each differs from a plain one in one respect.

use std::fmt;

use readmodel::ids::OrgId;
use sqlx::{AssertSqlSafe, PgConnection};

/// Calls per contact.
const CALLS_PER_CONTACT: u32 = 10;

/// The shape of an org's data.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// Unskewed: two directions, several statuses, different instants, ten calls per number.
    Plain,
    /// Like plain, with three times as many rows.
    Large,
    /// All calls are inbound.
    OneDirection,
    /// All calls are test calls.
    AllTests,
    /// All calls and appointments were created at one instant, as by an import.
    OneInstant,
    /// All leads are hot, urgent and of one age.
    LeadsAlike,
    /// All contacts are lost, and all appointments cancelled.
    NothingActionable,
    /// All calls are in the future.
    Future,
    /// The calls are spread over a century.
    Century,
    /// One contact has all twenty thousand appointments.
    Appointments,
    /// One contact has all twenty thousand appointments, and they are cancelled.
    Cancelled,
    /// All calls come from one number.
    OneNumber,
}

/// The values of a shape's rows, as SQL expressions over the row number `i`.
struct Columns {
    contacts: u32,
    /// The number of the contact that calls.
    caller: &'static str,
    direction: &'static str,
    is_test_call: &'static str,
    called_at: &'static str,
    lead_status: &'static str,
    lead_score: &'static str,
    last_contact_at: &'static str,
    contact_created_at: &'static str,
    appointments: u32,
    booked_by: &'static str,
    appointment_status: &'static str,
    booked_at: &'static str,
    event_at: &'static str,
}

const PLAIN: Columns = Columns {
    contacts: 6_000,
    caller: "1 + i % 6000",
    direction: "case when i % 4 > 0 then 'inbound' else 'outbound' end",
    is_test_call: "false",
    called_at: "now() - i * interval '130 seconds'",
    lead_status: "(array['new', 'contacted', 'qualified', 'converted', 'lost'])[1 + i % 5]",
    lead_score: "i % 101",
    last_contact_at: "now() - make_interval(mins => i * 7)",
    contact_created_at: "now() - make_interval(mins => 43200 + i)",
    appointments: 1_200,
    booked_by: "i * 5",
    appointment_status: "(array['pending', 'confirmed', 'completed', 'cancelled'])[1 + i % 4]",
    booked_at: "now() - make_interval(hours => i)",
    event_at: "now()",
};

impl Shape {
    /// All shapes, the plain one first.
    pub const ALL: [Self; 12] = [
        Self::Plain,
        Self::Large,
        Self::OneDirection,
        Self::AllTests,
        Self::OneInstant,
        Self::LeadsAlike,
        Self::NothingActionable,
        Self::Future,
        Self::Century,
        Self::Appointments,
        Self::Cancelled,
        Self::OneNumber,
    ];

    const fn columns(self) -> Columns {
        match self {
            Self::Plain => PLAIN,
            Self::Large => Columns { contacts: 18_000, caller: "1 + i % 18000", appointments: 3_600, ..PLAIN },
            Self::OneDirection => Columns { direction: "'inbound'", ..PLAIN },
            Self::AllTests => Columns { is_test_call: "true", ..PLAIN },
            Self::OneInstant => Columns {
                called_at: "date_trunc('hour', now() - interval '1 day')",
                booked_at: "date_trunc('hour', now() - interval '1 day')",
                ..PLAIN
            },
            Self::LeadsAlike => Columns {
                lead_status: "'new'",
                lead_score: "90",
                last_contact_at: "now() - interval '1 hour'",
                contact_created_at: "now() - interval '40 days'",
                ..PLAIN
            },
            Self::NothingActionable => Columns { lead_status: "'lost'", appointment_status: "'cancelled'", ..PLAIN },
            Self::Future => Columns {
                called_at: "now() + i * interval '130 seconds'",
                booked_at: "now() + make_interval(hours => i)",
                event_at: "now() + interval '90 minutes'",
                ..PLAIN
            },
            Self::Century => Columns { called_at: "now() - i * interval '52560 seconds'", ..PLAIN },
            Self::OneNumber => Columns { caller: "1", ..PLAIN },
            Self::Appointments => {
                Columns { appointments: 20_000, booked_by: "1", booked_at: "now() - make_interval(mins => i)", ..PLAIN }
            }
            Self::Cancelled => Columns {
                appointments: 20_000,
                booked_by: "1",
                booked_at: "now() - make_interval(mins => i)",
                appointment_status: "'cancelled'",
                ..PLAIN
            },
        }
    }

    /// Fills an existing org with one statement per table.
    ///
    /// # Errors
    ///
    /// Errors of Postgres.
    pub async fn fill(self, connection: &mut PgConnection, org: OrgId) -> sqlx::Result<()> {
        let of = self.columns();
        let contacts = format!(
            "insert into contacts (org_id, name, phone, lead_score, lead_status, estimated_value, last_contact_at, created_at)
             select '{org}', 'contact ' || i, {number}, {score}, {status}, 100 + i % 4900, {contacted}, {created}
               from generate_series(1, {contacts}) i",
            contacts = of.contacts,
            number = number("i"),
            score = of.lead_score,
            status = of.lead_status,
            contacted = of.last_contact_at,
            created = of.contact_created_at,
        );
        let calls = format!(
            "insert into calls (org_id, phone_number, call_direction, is_test_call, status, duration_seconds, sentiment_label,
                                sentiment_score, summary, started_at, created_at)
             select '{org}', {number}, {direction}, {test}, 'completed', 20 + i % 600, 'positive', 0.5, 'Asked', {at}, {at}
               from generate_series(1, {calls}) i",
            calls = of.contacts * CALLS_PER_CONTACT,
            number = number(&format!("({})", of.caller)),
            direction = of.direction,
            test = of.is_test_call,
            at = of.called_at,
        );
        let appointments = format!(
            "insert into appointments (org_id, contact_id, service_type, status, created_at)
             select '{org}', (select id from contacts where org_id = '{org}' and phone = {number}), 'check-up', {status}, {at}
               from generate_series(1, {count}) i",
            number = number(&format!("({})", of.booked_by)),
            status = of.appointment_status,
            at = of.booked_at,
            count = of.appointments,
        );
        for statement in [contacts, calls, appointments] {
            sqlx::raw_sql(AssertSqlSafe(statement)).execute(&mut *connection).await?;
        }
        Ok(())
    }

    /// Inserts the n-th event of an org: one call of the shape, by the contacts in turn or always by the one that calls.
    ///
    /// # Errors
    ///
    /// Errors of Postgres.
    pub async fn call(self, connection: &mut PgConnection, org: OrgId, n: u32) -> sqlx::Result<()> {
        let of = self.columns();
        let call = format!(
            "insert into calls (org_id, contact_id, phone_number, call_direction, is_test_call, status, duration_seconds,
                                created_at)
             select org_id, id, phone, {direction}, {test}, 'completed', 90, {at}
               from contacts, (select {n} as i) event
              where org_id = '{org}' and phone = {number}",
            direction = of.direction,
            test = of.is_test_call,
            at = of.event_at,
            number = number(if of.caller == "1" { "1" } else { "i" }),
        );
        sqlx::raw_sql(AssertSqlSafe(call)).execute(connection).await?;
        Ok(())
    }
}

/// The SQL expression of a contact's number.
fn number(i: &str) -> String {
    format!("'+1555' || lpad(({i})::text, 7, '0')")
}

impl fmt::Display for Shape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Plain => "plain",
            Self::Large => "three times as large",
            Self::OneDirection => "one direction",
            Self::AllTests => "all tests",
            Self::OneInstant => "one instant",
            Self::LeadsAlike => "all leads alike",
            Self::NothingActionable => "nothing actionable",
            Self::Future => "calls of the future",
            Self::Century => "a century of calls",
            Self::Appointments => "20,000 appointments of one contact",
            Self::Cancelled => "20,000 cancelled appointments of one contact",
            Self::OneNumber => "one number that always calls",
        })
    }
}
