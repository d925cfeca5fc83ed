//! The source rows, and the rules that several read models share.

use std::collections::BTreeMap;

use readmodel::ids::{AppointmentId, CallId, ContactId, OrgId};

use super::number::Numeric;

/// An instant: microseconds since the Unix epoch, or one of Postgres's infinities.
pub type Micros = i64;

/// Postgres' `infinity`.
pub const INFINITY: Micros = Micros::MAX;
/// Postgres' `-infinity`.
pub const MINUS_INFINITY: Micros = Micros::MIN;

/// The instant; infinities count as null.
pub(super) fn instant(at: Micros) -> Option<Micros> {
    (at != INFINITY && at != MINUS_INFINITY).then_some(at)
}

/// A row of `organizations`.
#[derive(Clone, Debug, PartialEq)]
#[expect(missing_docs, reason = "the columns of the source table, as they are")]
pub struct Organization {
    pub id: OrgId,
    pub name: String,
    pub timezone: Option<String>,
}

/// A row of `contacts`.
#[derive(Clone, Debug, PartialEq)]
#[expect(missing_docs, reason = "the columns of the source table, as they are")]
pub struct Contact {
    pub id: ContactId,
    pub org_id: OrgId,
    pub name: Option<String>,
    pub phone: Option<String>,
    pub email: Option<String>,
    pub lead_score: Option<i32>,
    pub lead_status: Option<String>,
    pub service_interests: Option<Vec<Option<String>>>,
    pub estimated_value: Option<Numeric>,
    pub last_contact_at: Option<Micros>,
    pub created_at: Micros,
}

/// A row of `calls`.
#[derive(Clone, Debug, PartialEq)]
#[expect(missing_docs, reason = "the columns of the source table, as they are")]
pub struct Call {
    pub id: CallId,
    pub org_id: OrgId,
    pub contact_id: Option<ContactId>,
    pub vapi_call_id: Option<String>,
    pub phone_number: Option<String>,
    pub call_direction: Direction,
    pub status: Option<String>,
    pub duration_seconds: Option<i32>,
    pub sentiment_label: Option<String>,
    pub sentiment_score: Option<Numeric>,
    pub summary: Option<String>,
    pub ended_reason: Option<String>,
    pub cost_cents: Option<i32>,
    pub is_test_call: bool,
    pub started_at: Option<Micros>,
    pub ended_at: Option<Micros>,
    pub created_at: Micros,
}

/// A row of `appointments`.
#[derive(Clone, Debug, PartialEq)]
#[expect(missing_docs, reason = "the columns of the source table, as they are")]
pub struct Appointment {
    pub id: AppointmentId,
    pub org_id: OrgId,
    pub contact_id: Option<ContactId>,
    pub service_type: Option<String>,
    pub scheduled_at: Option<Micros>,
    pub status: Option<String>,
    pub created_at: Micros,
}

/// `calls.call_direction`, which is also the `call_type` of a calls list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// The caller called the org.
    Inbound,
    /// The org placed the call.
    Outbound,
}

impl Direction {
    /// The value of the column.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Inbound => "inbound",
            Self::Outbound => "outbound",
        }
    }
}

/// The rules of a map: which contacts are leads, and how warm they are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Rules {
    /// Those of `maps/standalone.toml`: by status and score.
    #[default]
    Standalone,
    /// Those of `maps/clinic.toml`: leads are graded by hand.
    Clinic,
}

impl Rules {
    fn is_actionable(self, contact: &Contact) -> bool {
        let statuses: &[&str] = match self {
            Self::Standalone => &["new", "contacted", "qualified"],
            Self::Clinic => &["hot", "warm"],
        };
        contact.lead_status.as_deref().is_some_and(|status| statuses.contains(&status))
    }

    /// The temperature of a contact, whether it is actionable or not.
    pub(super) fn temperature(self, contact: &Contact) -> Option<&str> {
        match (self, contact.lead_score) {
            (Self::Clinic, _) => contact.lead_status.as_deref(),
            (Self::Standalone, Some(80..)) => Some("hot"),
            (Self::Standalone, Some(50..)) => Some("warm"),
            (Self::Standalone, _) => Some("cold"),
        }
    }
}

/// All source rows of all orgs, by id.
#[derive(Clone, Debug, Default, PartialEq)]
#[expect(missing_docs, reason = "one field a source table, and the rules")]
pub struct World {
    pub rules: Rules,
    pub organizations: BTreeMap<OrgId, Organization>,
    pub contacts: BTreeMap<ContactId, Contact>,
    pub calls: BTreeMap<CallId, Call>,
    pub appointments: BTreeMap<AppointmentId, Appointment>,
}

impl World {
    /// A world of these rows. Of two rows with one id the later one counts.
    #[must_use]
    pub fn new(
        organizations: impl IntoIterator<Item = Organization>,
        contacts: impl IntoIterator<Item = Contact>,
        calls: impl IntoIterator<Item = Call>,
        appointments: impl IntoIterator<Item = Appointment>,
    ) -> Self {
        Self {
            rules: Rules::default(),
            organizations: organizations.into_iter().map(|row| (row.id, row)).collect(),
            contacts: contacts.into_iter().map(|row| (row.id, row)).collect(),
            calls: calls.into_iter().map(|row| (row.id, row)).collect(),
            appointments: appointments.into_iter().map(|row| (row.id, row)).collect(),
        }
    }

    pub(super) fn contacts_of(&self, org: OrgId) -> impl Iterator<Item = &Contact> {
        self.contacts.values().filter(move |contact| contact.org_id == org)
    }

    /// The org's actionable contacts.
    pub(crate) fn actionable(&self, org: OrgId) -> impl Iterator<Item = &Contact> {
        self.contacts_of(org).filter(|contact| self.rules.is_actionable(contact))
    }

    /// The org's hot leads.
    pub(super) fn hot_leads(&self, org: OrgId) -> impl Iterator<Item = &Contact> {
        self.actionable(org).filter(|contact| self.rules.temperature(contact) == Some("hot"))
    }

    pub(super) fn calls_of(&self, org: OrgId) -> impl Iterator<Item = &Call> {
        self.calls.values().filter(move |call| call.org_id == org)
    }

    /// The org's calls that are not test calls.
    pub(super) fn real_calls(&self, org: OrgId) -> impl Iterator<Item = &Call> {
        self.calls_of(org).filter(|call| !call.is_test_call)
    }

    /// The org's live appointments.
    pub(super) fn live_appointments(&self, org: OrgId) -> impl Iterator<Item = &Appointment> {
        self.appointments.values().filter(move |appointment| {
            appointment.org_id == org
                && matches!(appointment.status.as_deref(), Some("pending" | "confirmed" | "in_progress" | "completed"))
        })
    }

    /// The contact that a row of `org` references. A contact of another org counts as none.
    pub(super) fn contact(&self, org: OrgId, id: Option<ContactId>) -> Option<&Contact> {
        self.contacts.get(&id?).filter(|contact| contact.org_id == org)
    }
}
